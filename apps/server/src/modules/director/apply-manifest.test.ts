import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { applyManifest, type Applied, type ReportedState } from './apply-manifest.ts';
import {
  nextAssignmentState,
  type Assignment,
  type AssignmentState,
  type Image,
  type Result,
} from './assignment.ts';

const CAMPAIGN = 'urn:here-ota:campaign:1';
const OTHER = 'urn:here-ota:campaign:2';
const image = (filename: string): Image => ({ filename, lengthBytes: 1, sha256: filename.padEnd(64, '0') });
const OLD = image('old.bin');
const NEW = image('new.bin');
const OK: Result = { success: true, code: 'OK', description: '' };
const failed = (code: string): Result => ({ success: false, code, description: `because ${code}` });

function assignment(ecuSerial: string, state: AssignmentState, result?: Result): Assignment {
  const base = {
    id: ecuSerial,
    correlationId: CAMPAIGN,
    ecuSerial,
    hardwareId: `hw-${ecuSerial}`,
    target: NEW,
    state,
  };
  return result === undefined ? base : { ...base, result };
}

type Items = Readonly<Record<string, Result>>;
function report(result: Result, items: Items = {}, correlationId = CAMPAIGN): Pick<ReportedState, 'report'> {
  return { report: { correlationId, result, items: new Map(Object.entries(items)) } };
}

function apply(
  assignments: readonly Assignment[],
  images: Readonly<Record<string, Image>>,
  rest: Pick<ReportedState, 'report'> = {},
): Applied {
  const known = { images: new Map(assignments.map((one) => [one.ecuSerial, OLD])), assignments };
  const applied = applyManifest(known, { images: new Map(Object.entries(images)), ...rest });
  for (const { assignment: one, event } of applied.transitions) {
    assert.notEqual(
      nextAssignmentState(one.state, event),
      undefined,
      `${one.state} + ${event} is in the table`,
    );
  }
  return applied;
}

const events = (applied: Applied): string[] =>
  applied.transitions.map((one) => `${one.assignment.ecuSerial} ${one.event} ${one.result.code}`);

describe('apply manifest: images', () => {
  it('names what is new or changed and leaves the rest', () => {
    const known = {
      images: new Map([
        ['p', OLD],
        ['s', OLD],
      ]),
      assignments: [],
    };
    const images = new Map([
      ['p', OLD],
      ['s', NEW],
      ['t', OLD],
    ]);
    const applied = applyManifest(known, { images });
    assert.deepEqual(
      [...applied.changedImages],
      [
        ['s', NEW],
        ['t', OLD],
      ],
    );
    assert.deepEqual(applied.transitions, []);
    assert.equal(applied.ended, undefined);
  });
});

describe('apply manifest: success', () => {
  it('ends the assignment of an ECU that shows its target', () => {
    const applied = apply([assignment('p', 'in_flight')], { p: NEW }, report(OK, { p: OK }));
    assert.deepEqual(events(applied), ['p image_installed OK']);
    assert.deepEqual(applied.ended, {
      correlationId: CAMPAIGN,
      kind: 'completed',
      result: OK,
      ecuResults: new Map([['p', OK]]),
    });
  });

  it('ends it without a report, and before the device fetched it', () => {
    assert.deepEqual(apply([assignment('p', 'in_flight')], { p: NEW }).ended?.result, OK);
    assert.deepEqual(apply([assignment('p', 'assigned')], { p: NEW }).ended?.result, OK);
  });

  it('goes on until the last ECU has ended', () => {
    const first = apply([assignment('p', 'in_flight'), assignment('s', 'in_flight')], { p: NEW, s: OLD });
    assert.deepEqual(events(first), ['p image_installed OK']);
    assert.equal(first.ended, undefined);
    const second = apply([assignment('p', 'completed', OK), assignment('s', 'in_flight')], {
      p: NEW,
      s: NEW,
    });
    assert.deepEqual([...(second.ended?.ecuResults.keys() ?? [])], ['p', 's']);
  });

  it('believes the Primary about an ECU whose own report is missing (trap 16)', () => {
    const two = [assignment('p', 'in_flight'), assignment('s', 'in_flight')];
    const applied = apply(two, { p: NEW }, report(OK, { p: OK, s: OK }));
    assert.deepEqual(events(applied), ['p image_installed OK', 's image_installed OK']);
    assert.equal(applied.ended?.result.success, true);
  });

  it('cancels what the device says it did while another image runs', () => {
    const applied = apply([assignment('p', 'in_flight')], { p: OLD }, report(OK, { p: OK }));
    assert.deepEqual(events(applied), ['p other_image_installed OPERATION_CANCELLED']);
    assert.equal(applied.ended?.kind, 'other_image');
  });

  it('has nothing to end without an assignment', () => {
    const applied = apply([], { p: NEW }, report(OK, { p: OK }));
    assert.deepEqual(applied.transitions, []);
    assert.equal(applied.ended, undefined);
    assert.equal(applied.changedImages.size, 1);
  });
});

describe('apply manifest: failure', () => {
  it('ends every ECU in flight with its own result, or the result of the device', () => {
    const two = [assignment('p', 'in_flight'), assignment('s', 'in_flight')];
    const device = failed('hw-s:INSTALL_FAILED');
    const applied = apply(two, { p: OLD, s: OLD }, report(device, { s: failed('INSTALL_FAILED') }));
    assert.deepEqual(events(applied), [
      'p install_failed hw-s:INSTALL_FAILED',
      's install_failed INSTALL_FAILED',
    ]);
    assert.deepEqual(applied.ended?.result, device);
    assert.equal(applied.ended?.kind, 'completed');
  });

  it('keeps the success of the ECU that shows its target', () => {
    const two = [assignment('p', 'in_flight'), assignment('s', 'in_flight')];
    const items = { p: OK, s: failed('INSTALL_FAILED') };
    const applied = apply(two, { p: NEW, s: OLD }, report(failed('hw-s:INSTALL_FAILED'), items));
    assert.deepEqual(events(applied), ['p image_installed OK', 's install_failed INSTALL_FAILED']);
    assert.equal(applied.ended?.result.success, false);
  });

  it('joins the codes of the ECUs when the report of the device is gone', () => {
    const two = [assignment('p', 'in_flight'), assignment('s', 'failed', failed('INSTALL_FAILED'))];
    assert.equal(apply(two, { p: NEW }).ended?.result.code, 'hw-s:INSTALL_FAILED');
  });

  it('leaves what the device has not fetched yet', () => {
    const applied = apply([assignment('p', 'assigned')], { p: OLD }, report(failed('INSTALL_FAILED')));
    assert.deepEqual(applied.transitions, []);
  });

  it('leaves everything when the report has no correlation id (traps 26 and 28)', () => {
    const applied = apply(
      [assignment('p', 'in_flight')],
      { p: OLD },
      report(failed('INTERNAL_ERROR'), {}, ''),
    );
    assert.deepEqual(applied.transitions, []);
  });

  it('leaves everything when the report is about another update', () => {
    for (const result of [OK, failed('INSTALL_FAILED')]) {
      assert.deepEqual(
        apply([assignment('p', 'in_flight')], { p: OLD }, report(result, {}, OTHER)).transitions,
        [],
      );
    }
  });

  it('cuts what is longer than its column', () => {
    const result = { success: false, code: 'X'.repeat(300), description: 'y'.repeat(2000) };
    const applied = apply([assignment('p', 'in_flight')], { p: OLD }, report(result));
    assert.equal(applied.ended?.result.code.length, 255);
    assert.equal(applied.ended?.result.description.length, 1024);
  });
});

describe('apply manifest: not yet', () => {
  it('goes on after NEED_COMPLETION (defect 16)', () => {
    const pending = failed('NEED_COMPLETION');
    assert.deepEqual(
      apply([assignment('p', 'in_flight')], { p: OLD }, report(pending, { p: pending })).transitions,
      [],
    );
  });

  it('ends other ECUs while one awaits its reboot', () => {
    const two = [assignment('p', 'in_flight'), assignment('s', 'in_flight')];
    const applied = apply(two, { p: OLD, s: NEW }, report(failed('NEED_COMPLETION'), { s: OK }));
    assert.deepEqual(events(applied), ['s image_installed OK']);
    assert.equal(applied.ended, undefined);
  });

  it('waits for the reboot of one ECU although another has failed', () => {
    const two = [assignment('p', 'in_flight'), assignment('s', 'in_flight')];
    const items = { p: failed('NEED_COMPLETION'), s: failed('INSTALL_FAILED') };
    const applied = apply(two, { p: OLD, s: OLD }, report(failed('hw-s:INSTALL_FAILED'), items));
    assert.deepEqual(events(applied), ['s install_failed INSTALL_FAILED']);
    assert.equal(applied.ended, undefined);
  });

  it('goes on without a report', () => {
    assert.deepEqual(apply([assignment('p', 'in_flight')], { p: OLD }).transitions, []);
  });

  it('does nothing when a report comes again', () => {
    const items = { p: failed('INSTALL_FAILED') };
    const again = apply(
      [assignment('p', 'failed', items.p)],
      { p: OLD },
      report(failed('hw-p:INSTALL_FAILED'), items),
    );
    assert.deepEqual(again, { changedImages: new Map(), transitions: [] });
  });
});
