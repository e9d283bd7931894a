// Documents from a grammar that knows what breaks readers: odd numbers, halves of surrogate pairs, escapes where none is
// needed, names twice, names of JavaScript's own, deep nesting, and values of the wrong kind in the right place.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { runs } from '../properties/runs.ts';
import { judge, type Subject, SUBJECTS } from './subjects.ts';

const NUMBERS = [
  '0',
  '-0',
  '1',
  '-1',
  '01',
  '1.0',
  '1.5',
  '1e3',
  '1E-3',
  '+1',
  '.5',
  '1.',
  '9007199254740991',
];
const LARGE = ['9007199254740992', '9223372036854775808', '-9007199254740993', '1e999', '0x1', 'NaN', '-'];
const UNITS = [
  'a',
  '/',
  ' ',
  '\u0000',
  '\n',
  '"',
  '\u00e9',
  'e\u0301',
  '\u{1f600}',
  '\u2028',
  '\ufeff',
  '\u007f',
];
const ESCAPES = [
  '\\n',
  '\\/',
  '\\"',
  '\\\\',
  '\\u0041',
  '\\u00E9',
  '\\ud83d\\ude00',
  '\\ud83d',
  '\\ude00',
  '\\x',
  '\\u12',
];
const NAMES = ['__proto__', 'constructor', 'toString', 'hasOwnProperty', 'length', '0', '', 'a', 'b'];
const MEMBERS = [
  '_type',
  'version',
  'expires',
  'keys',
  'roles',
  'meta',
  'targets',
  'delegations',
  'custom',
  'spec_version',
  'keyids',
  'threshold',
  'name',
  'paths',
  'terminating',
  'hashes',
  'sha256',
  'snapshot.json',
  'keytype',
  'keyval',
  'public',
  'scheme',
];

const text = fc
  .array(fc.oneof(fc.constantFrom(...UNITS), fc.constantFrom(...ESCAPES)), { maxLength: 4 })
  .map((parts) => `"${parts.join('')}"`);
const blank = fc.constantFrom('', '', '', ' ', '\n\t', '\u00a0');
const name = fc.oneof(
  text,
  fc.constantFrom(...NAMES, ...MEMBERS).map((one) => `"${one}"`),
);
const plain = fc.oneof(
  text,
  fc.constantFrom(...NUMBERS, ...LARGE),
  fc.constantFrom('null', 'true', 'false', 'nul', 'True', ''),
);

const { value: anyJson } = fc.letrec<{ value: string }>((tie) => {
  const member = fc.tuple(name, blank, tie('value')).map(([key, gap, value]) => `${key}${gap}:${value}`);
  return {
    value: fc.oneof(
      { maxDepth: 5 },
      plain,
      fc.array(tie('value'), { maxLength: 3 }).map((items) => `[${items.join(',')}]`),
      fc.array(member, { maxLength: 5 }).map((members) => `{${members.join(',')}}`),
      fc
        .tuple(fc.nat(80), tie('value'))
        .map(([depth, value]) => '['.repeat(depth) + value + ']'.repeat(depth)),
    ),
  };
});

const HEX = '"' + '5a'.repeat(32) + '"';
const TIME = '"2030-01-01T00:00:00Z"';
const ROLE = '{"keyids":["k"],"threshold":1}';
/** Documents with a hole for every value; `%` is the hole, and stands before what is right there. */
const SHAPES: readonly (readonly [string, readonly string[]])[] = [
  [
    '"_type":%,"expires":%,"keys":{"k":{"keytype":%,"keyval":{"public":%}}},"roles":{"root":%,"snapshot":%,"targets":%,"timestamp":%},"version":%',
    ['"Root"', TIME, '"ED25519"', HEX, ROLE, ROLE, ROLE, ROLE, '1'],
  ],
  [
    '"_type":%,"expires":%,"meta":{"snapshot.json":{"hashes":{"sha256":%},"length":%,"version":%}},"version":%',
    ['"Timestamp"', TIME, HEX, '3', '2', '1'],
  ],
  [
    '"_type":%,"expires":%,"meta":{%:{"version":%},"targets.json":%},"version":%',
    ['"Snapshot"', TIME, '"a.json"', '1', '{"version":1}', '1'],
  ],
  [
    '"_type":%,"delegations":{"keys":%,"roles":[{"keyids":%,"name":%,"paths":%,"terminating":%,"threshold":%}]},"expires":%,"targets":{%:{"custom":%,"hashes":{"sha256":%},"length":%}},"version":%',
    ['"Targets"', '{}', '["k"]', '"r"', '["*"]', 'false', '1', TIME, '"f"', '{}', HEX, '1', '1'],
  ],
];

/** At most two holes with something else in it. */
const documents = fc
  .tuple(fc.constantFrom(...SHAPES), fc.array(fc.tuple(fc.nat(), anyJson), { maxLength: 2 }), fc.boolean())
  .map(([[shape, right], wrong, isTuf]) => {
    const values = [...right];
    for (const [at, value] of wrong) values[at % values.length] = value;
    let hole = -1;
    const signed = shape.replaceAll('%', () => values[(hole += 1)] ?? '');
    const signature = isTuf ? '{"keyid":"k","sig":"00"}' : '{"keyid":"k","method":"ed25519","sig":""}';
    const tuf = signed.replace(
      /^"_type":"(\w)/,
      (_, first: string) => `"spec_version":"1.0.0","_type":"${first.toLowerCase()}`,
    );
    return `{"signatures":[${signature}],"signed":{${isTuf ? tuf : signed}}}`;
  });

function subject(title: string): Subject {
  return SUBJECTS.find((one) => one.name === title) ?? assert.fail(`${title} is no subject`);
}

describe('fuzzing from a grammar', () => {
  it('reads any JSON as the plain reader does, or refuses it with the same code [5.2.1-2]', () => {
    fc.assert(
      fc.property(anyJson, (json) => {
        judge(subject('json'), new TextEncoder().encode(json));
      }),
      runs(600),
    );
  });

  it('reads any document as the plain reader does, or refuses it by name [5.2.1-2]', () => {
    let taken = 0;
    fc.assert(
      fc.property(documents, (json) => {
        const input = new TextEncoder().encode(json);
        for (const dialect of ['uptane', 'tuf']) if (judge(subject(dialect), input)) taken += 1;
      }),
      runs(600),
    );
    assert.ok(taken > 50, `${taken} were taken`);
  });
});
