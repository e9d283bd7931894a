import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { expressionMatches, parseGroupExpression } from './group-expression.ts';

function matches(text: string, deviceId: string): boolean {
  const parsed = parseGroupExpression(text);
  if (parsed.kind === 'invalid') assert.fail(`${text}: ${parsed.problem} at ${parsed.position}`);
  return expressionMatches(parsed.expression, deviceId);
}

describe('group expression', () => {
  const cases: readonly [expression: string, deviceId: string, expected: boolean][] = [
    ['deviceid contains vin', 'my-VIN-1', true],
    ['deviceid contains VIN', 'my-vin-1', true],
    ['deviceid contains a-1', 'xa-1x', true],
    ['deviceid contains zz', 'my-vin-1', false],
    ['deviceid position(1) is m', 'MY', true],
    ['deviceid position(2) is m', 'MY', false],
    ['deviceid position(3) is x', 'MY', false],
    ['deviceid position(1) is not m', 'MY', false],
    ['deviceid position(3) is not x', 'MY', true],
    ['deviceid position ( 1 ) is m', 'MY', true],
    ['(deviceid contains a)', 'a', true],
    ['deviceid contains a and deviceid contains b', 'ab', true],
    ['deviceid contains a and deviceid contains b', 'a', false],
    ['deviceid contains a or deviceid contains b', 'b', true],
    ['deviceid contains contains', 'contains', true],
    ['deviceid contains and and deviceid contains or', 'and-or', true],
  ];
  for (const [expression, deviceId, expected] of cases) {
    it(`${expected ? 'takes' : 'leaves'} ${deviceId}, given "${expression}"`, () => {
      assert.equal(matches(expression, deviceId), expected);
    });
  }

  it('binds "and" tighter than "or"', () => {
    const text = 'deviceid contains a or deviceid contains b and deviceid contains c';
    assert.equal(matches(text, 'a'), true);
    assert.equal(matches(text, 'b'), false);
    assert.equal(matches(text, 'bc'), true);
  });

  it('lets parentheses change the order', () => {
    const text = '(deviceid contains a or deviceid contains b) and deviceid contains c';
    assert.equal(matches(text, 'a'), false);
    assert.equal(matches(text, 'ac'), true);
  });
});

describe('group expression that cannot be read', () => {
  const cases: readonly [expression: string, position: number][] = [
    ['', 1],
    ['   ', 1],
    ['x'.repeat(201), 201],
    ['deviceid', 9],
    ['deviceid contains', 18],
    ['deviceid contains a_b', 19],
    ['deviceid contains a deviceid contains b', 21],
    ['deviceid contains a or', 23],
    ['Deviceid contains a', 1],
    ['deviceid CONTAINS a', 10],
    ['deviceid contains a AND deviceid contains b', 21],
    ['deviceid position(0) is a', 19],
    ['deviceid position(-1) is a', 19],
    ['deviceid position(1) is ab', 25],
    ['deviceid position(1) is', 24],
    ['deviceid position(1) is not', 28],
    ['deviceid position(1 is a', 21],
    ['(deviceid contains a', 21],
    ['deviceid contains a)', 20],
    ['()', 2],
    ['not deviceid contains a', 1],
    ['deviceid is a', 10],
    ['tag(colour) contains red', 1],
    ['deviceid contains a or tag(x) contains y', 24],
    [`${'('.repeat(30)}deviceid contains a${')'.repeat(30)}`, 21],
  ];
  for (const [expression, position] of cases) {
    it(`names position ${position} of "${expression.slice(0, 50)}"`, () => {
      const parsed = parseGroupExpression(expression);
      assert.equal(parsed.kind, 'invalid');
      assert.equal(parsed.kind === 'invalid' && parsed.position, position);
    });
  }
});
