// The power is cut at every call of the storage, the package manager, the bootloader, the file that announces a reboot, the
// health check and the hooks, from a downloaded image to its report, with the reboots in between. A cut is a boot of the
// machine. The end is always the same, for a version that is good and for one that has to go.
import { after, before, describe, it } from 'node:test';
import assert from 'node:assert/strict';
import { cpSync } from 'node:fs';
import { FaultPoints, PowerCut, PRIMARY, SimulatedMachine } from '@ota-connect/testkit';
import type { Hooks } from '../src/ports.ts';
import { GRACE_MS, wrapping } from './support/machine-stage.ts';
import { reportsOf } from './support/requests.ts';
import {
  openTestDevice,
  temporaryFolder,
  type DeviceOptions,
  type TestDevice,
} from './support/test-device.ts';
import { openTestGateway, type TestGateway } from './support/test-gateway.ts';

const MAX_RUNS = 30;
const FLOWS = [
  { name: 'a good version', installs: 'by reboot', isSick: false },
  { name: 'a good version that needs no reboot', installs: 'at once', isSick: false },
  { name: 'a version that has to go', installs: 'by reboot', isSick: true },
  { name: 'a version that has to go and needs no reboot', installs: 'at once', isSick: true },
] as const;
type Flow = (typeof FLOWS)[number];

describe('power cuts from the installation to its report', { timeout: 540_000 }, () => {
  let gateway: TestGateway;
  const downloaded = temporaryFolder();
  before(async () => {
    gateway = await openTestGateway();
    gateway.simulator.offer('app.bin', 'the new version');
    await gateway.simulator.publish();
    const device = await openTestDevice({ folder: downloaded.path, gateway });
    await device.aktualizr.initialize();
    await device.aktualizr.checkUpdates();
    await device.aktualizr.download();
    await device.aktualizr.flushReports();
    device.close();
  });
  after(async () => {
    downloaded.remove();
    await gateway.close();
  });

  for (const flow of FLOWS) {
    it(`ends ${flow.name} with one report, wherever the power was cut [5.4.4-1]`, async () => {
      let at = 1;
      for (let cut = true; cut; at += 1) cut = await installWithCut(flow, at);
      assert.ok(at > 25, `only ${at} fault points were reached`);
    });
  }

  async function installWithCut(flow: Flow, at: number): Promise<boolean> {
    const folder = temporaryFolder();
    cpSync(downloaded.path, folder.path, { recursive: true });
    gateway.requests.length = 0;
    const machine = machineOf(flow);
    const faults = new FaultPoints({ at, when: 'after', kind: 'power cut', counts: isWrite });
    try {
      const wasCut = await runUntilCut(folder.path, machine, faults);
      const place = `${flow.name}, after call ${at} (${faults.calls.at(-1)})`;
      const device = await runToEnd(folder.path, machine, place);
      expectEnd(device, { machine, flow, place });
      device.close();
      return wasCut;
    } finally {
      folder.remove();
    }
  }

  /** The whole story, its reboots too. Answers whether there was a cut. */
  async function runUntilCut(
    folder: string,
    machine: SimulatedMachine,
    faults: FaultPoints,
  ): Promise<boolean> {
    for (let run = 0; run < MAX_RUNS; run += 1) {
      const device = await open(folder, machine, faults);
      try {
        await install(device);
        if (device.storage.cycle.load().kind === 'Idle') return false;
      } catch (error) {
        if (!(error instanceof PowerCut)) throw error;
        return true;
      } finally {
        device.close();
      }
      machine.reboot();
    }
    throw new Error('no end');
  }

  async function runToEnd(folder: string, machine: SimulatedMachine, place: string): Promise<TestDevice> {
    for (let run = 0; run < MAX_RUNS; run += 1) {
      machine.reboot();
      const device = await open(folder, machine);
      await install(device);
      if (device.storage.cycle.load().kind === 'Idle') return device;
      device.close();
    }
    throw new Error(`no end: ${place}`);
  }

  function open(folder: string, machine: SimulatedMachine, faults?: FaultPoints): Promise<TestDevice> {
    const wrap = wrapping(machine, { more: { hooks: HOOKS } });
    return openTestDevice({
      folder,
      gateway,
      bootId: machine.bootId,
      wrap: faults === undefined ? wrap : faulty(wrap, faults),
    });
  }

  function expectEnd(
    { storage }: TestDevice,
    { machine, flow: { isSick }, place }: { machine: SimulatedMachine; flow: Flow; place: string },
  ): void {
    assert.equal(machine.running, isSick ? undefined : 'app.bin', place);
    assert.equal(storage.installations.current(PRIMARY.serial)?.name, machine.running, place);
    assert.equal(storage.installations.pending(PRIMARY.serial), undefined, place);
    assert.equal(storage.reboot.isNeeded(), false, place);
    assert.equal(machine.hasSentinel, false, place);
    assert.equal(machine.isTrying, false, place);
    const reports = new Set(reportsOf(gateway.requests).map((report) => JSON.stringify(report)));
    assert.equal(reports.size, 1, `${[...reports].join('\n')}: ${place}`);
    const code = isSick ? /"code":"[^"]*:INSTALL_FAILED"/ : /"code":"OK"/;
    assert.match([...reports][0] ?? '', code, place);
  }
});

/** What only reads leaves nothing that a cut could find: a cut before it is one after the call before. */
function isWrite(path: string): boolean {
  return !READS.test(path);
}

const READS =
  /\.(load\w*|current|pending|log|results|attempts|isUnreadable|toldRefusal|queued|sentHash|deviceId|isRegistered|ecus|primaryKey|tls|parts|isNeeded|isAnnounced|uptimeMs|found|verify|attestation|previousAttested|verified|fileName|flags|directorFullRoles|rolledBack|installedPackages|all)$/;

const HOOKS: Hooks = { before: async () => 'go', after: async () => undefined };

function machineOf({ installs, isSick }: Flow): SimulatedMachine {
  const machine = new SimulatedMachine({ ecu: PRIMARY.serial, installs });
  if (isSick) machine.sick.add('app.bin');
  const { isGood } = machine.health;
  machine.health.isGood = () => {
    machine.uptimeMs += GRACE_MS / 2;
    return isGood();
  };
  return machine;
}

function faulty(
  { packageManager, ports }: NonNullable<DeviceOptions['wrap']>,
  faults: FaultPoints,
): NonNullable<DeviceOptions['wrap']> {
  return {
    storage: (storage) => faults.wrap(storage, 'storage'),
    packageManager: (manager) => faults.wrap(packageManager?.(manager) ?? manager, 'packageManager'),
    ports: (given) => faults.wrap(ports?.(given) ?? given, 'ports'),
  };
}

/** As a daemon would: whatever it finds, then one cycle. */
async function install({ aktualizr }: TestDevice): Promise<void> {
  await aktualizr.initialize();
  await aktualizr.uptaneCycle();
  if (aktualizr.needsReboot()) await aktualizr.completeInstallation();
  await aktualizr.flushReports();
}
