import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { startScratchServer } from '../../../test/app.ts';
import { createVehicle } from '../../../test/vehicle.ts';

describe('last contact', () => {
  it('is unknown before the first one, then follows every poll', async (test) => {
    const server = await startScratchServer();
    test.after(() => server.dispose());
    const vehicle = await createVehicle(server, 'car');
    const shown = async (): Promise<{ status: string; lastSeen?: string }> => {
      const page = (await (await server.api('GET', '/devices')).json()) as { values: [{ status: string }] };
      return page.values[0];
    };
    assert.deepEqual([(await shown()).status, (await shown()).lastSeen], ['NotSeen', undefined]);
    await vehicle.register();
    const first = await shown();
    assert.equal(first.status, 'UpToDate');
    assert.match(first.lastSeen ?? '', /Z$/);
  });

  it('is kept when the server stops right after it', async (test) => {
    let server = await startScratchServer();
    test.after(() => server.dispose());
    const vehicle = await createVehicle(server, 'car');
    await vehicle.register();
    vehicle.device.close();
    server = await server.restart();
    const rows = await server.ctx.db.selectFrom('device_contacts').selectAll().execute();
    assert.equal(rows.length, 1);
  });
});
