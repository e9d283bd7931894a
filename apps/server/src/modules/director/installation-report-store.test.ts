import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { InstallationReport } from '@ota-connect/uptane';
import { scratchContext } from '../../../test/scratch.ts';
import { inTransaction } from '../../platform/db/database.ts';
import { listInstallationReports, saveInstallationReport } from './installation-report-store.ts';

const key = { environment: 'default', uuid: 'car' };

function report(rest: Partial<InstallationReport> = {}): InstallationReport {
  const result = { success: false, code: 'INSTALL_FAILED', description: '' };
  return { correlationId: 'urn:x', result, rawReport: '', items: [], ...rest };
}

describe('installation reports that are kept of a device', () => {
  it('are the newest 200; what comes again makes no room', async (test) => {
    const ctx = await scratchContext();
    test.after(() => ctx.dispose());
    await inTransaction(ctx.db, async (tx) => {
      const other = { ...key, uuid: 'other' };
      await saveInstallationReport(tx, other, { digest: 'other', report: report(), at: 0 });
      for (let n = 1; n <= 203; n += 1) {
        const received = { digest: `d${n}`, report: report({ rawReport: String(n) }), at: n };
        await saveInstallationReport(tx, key, received);
        await saveInstallationReport(tx, key, received);
      }
    });
    const kept = await listInstallationReports(ctx.db, key);
    assert.deepEqual([kept.length, kept.at(0)?.rawReport, kept.at(-1)?.rawReport], [200, '203', '4']);
    assert.equal(kept[0]?.timesReceived, 2);
    assert.equal((await listInstallationReports(ctx.db, { ...key, uuid: 'other' })).length, 1);
  });

  it('take 64 KiB at most: a longer one loses its ends, whatever is long in it', async (test) => {
    const ctx = await scratchContext();
    test.after(() => ctx.dispose());
    const long = '\u0001'.repeat(100_000);
    const result = { success: false, code: long, description: long };
    const items = Array.from({ length: 5_000 }, (_, n) => ({
      ecu: `ecu-${n}`,
      result: n === 0 ? result : { success: false, code: 'X', description: '' },
    }));
    await inTransaction(ctx.db, (tx) =>
      saveInstallationReport(tx, key, {
        digest: 'd',
        report: report({ correlationId: long, rawReport: long, result, items }),
        at: 1,
      }),
    );
    const { report: text } = await ctx.db
      .selectFrom('director_installation_reports')
      .select('report')
      .executeTakeFirstOrThrow();
    assert.ok(Buffer.byteLength(text) <= 64 * 1024, `${Buffer.byteLength(text)} bytes`);
    const [kept] = await listInstallationReports(ctx.db, key);
    assert.equal(kept?.items[0]?.ecu, 'ecu-0');
    assert.equal(kept.result.success, false);
  });

  it('stay whole up to there', async (test) => {
    const ctx = await scratchContext();
    test.after(() => ctx.dispose());
    const whole = report({ rawReport: 'x'.repeat(60_000) });
    await inTransaction(ctx.db, (tx) =>
      saveInstallationReport(tx, key, { digest: 'd', report: whole, at: 1 }),
    );
    const [kept] = await listInstallationReports(ctx.db, key);
    assert.equal(kept?.rawReport, whole.rawReport);
  });
});
