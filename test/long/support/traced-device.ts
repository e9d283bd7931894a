// A device on disk, driven as a real process against a gateway in this one, and put back to where it was before the update
// as often as a test wants. What has to be true of it after any interruption is said here once.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { PRIMARY } from '@ota-connect/testkit';
import { openStorage } from '../../../packages/libaktualizr/src/adapters/storage/sqlite-storage.ts';
import { defaultConfig } from '../../../packages/libaktualizr/src/config/defaults.ts';
import {
  openTestGateway,
  type TestGateway,
} from '../../../packages/libaktualizr/test/support/test-gateway.ts';
import { aktualizr, type Ended } from './traced.ts';

/** Long enough for several pieces of a transfer. */
const IMAGE = 'the new version '.repeat(12_000);
const IMAGE_SHA256 = createHash('sha256').update(IMAGE).digest('hex');
const ROLES = ['root', 'timestamp', 'snapshot', 'targets'] as const;

export type TracedDevice = {
  readonly gateway: TestGateway;
  /** Everything that the device writes lies below. */
  readonly folder: string;
  readonly config: readonly string[];
  /** Where strace writes what it saw. */
  readonly log: string;
  /** Whether strace's log has a call that it made fail, or that ended the process. */
  wasStruck(): boolean;
  /** As it was when it was registered and knew of no update; what was sent is forgotten. */
  reset(): void;
  /** Replaces all that the device has written. */
  replaceBy(write: (folder: string) => void): void;
  /** Versions of the stored metadata: no interruption may lower one. */
  metadataVersions(): ReadonlyMap<string, number>;
  /** The device starts again, as often as it needs, and ends as if nothing had happened. */
  expectRecovery(place: string): Promise<void>;
  close(): Promise<void>;
};

export async function openTracedDevice(): Promise<TracedDevice> {
  const parent = mkdtempSync(path.join(tmpdir(), 'traced-'));
  const folder = path.join(parent, 'device');
  const snapshot = path.join(parent, 'before');
  const gateway = await openTestGateway();
  const log = path.join(parent, 'strace.log');
  const config = ['--config', writeConfig(parent, folder, gateway)];
  mkdirSync(folder, { mode: 0o700 });
  await gateway.simulator.publish();
  expectSuccess(await aktualizr([...config, 'check']), 'the first check');
  cpSync(folder, snapshot, { recursive: true });
  gateway.simulator.offer('app.bin', IMAGE);
  await gateway.simulator.publish();
  const replaceBy = (write: (folder: string) => void): void => {
    rmSync(folder, { recursive: true, force: true });
    write(folder);
  };
  const storage = () =>
    openStorage({ ...defaultConfig().storage, path: path.join(folder, 'storage') }, { readOnly: true });
  return {
    gateway,
    folder,
    config,
    log,
    wasStruck: () => /\(INJECTED\)|killed by SIGKILL/.test(readFileSync(log, 'latin1')),
    replaceBy,
    reset: () => {
      replaceBy((to) => cpSync(snapshot, to, { recursive: true }));
      gateway.requests.length = 0;
    },
    metadataVersions: () => {
      const open = storage();
      try {
        return versionsOf(open.metadata);
      } finally {
        open.close();
      }
    },
    expectRecovery: async (place) => {
      const end = await aktualizr([...config, 'once']);
      expectSuccess(end, place);
      const open = storage();
      try {
        expectEndState(open, path.join(folder, 'images'), place);
      } finally {
        open.close();
      }
      expectOneReport(gateway, place);
    },
    close: async () => {
      await gateway.close();
      rmSync(parent, { recursive: true, force: true });
    },
  };
}

function writeConfig(parent: string, folder: string, { url, credentials }: TestGateway): string {
  const imports = path.join(parent, 'import');
  mkdirSync(imports);
  writeFileSync(path.join(imports, 'root.crt'), credentials.ca);
  writeFileSync(path.join(imports, 'client.pem'), credentials.certificate);
  writeFileSync(path.join(imports, 'pkey.pem'), String(credentials.privateKey));
  const file = path.join(parent, 'device.toml');
  writeFileSync(
    file,
    `[logger]
loglevel = 3
[tls]
server = "${url}"
[provision]
device_id = "device-1"
primary_ecu_serial = "${PRIMARY.serial}"
primary_ecu_hardware_id = "${PRIMARY.hardwareId}"
[uptane]
key_type = "ED25519"
[pacman]
type = "none"
images_path = "${folder}/images"
[storage]
path = "${folder}/storage"
[bootloader]
reboot_sentinel_dir = "${folder}/session"
[control]
socket = ""
[import]
base_path = "${imports}"
tls_cacert_path = "root.crt"
tls_clientcert_path = "client.pem"
tls_pkey_path = "pkey.pem"
`,
  );
  return file;
}

type Storage = ReturnType<typeof openStorage>;

function versionsOf(metadata: Storage['metadata']): ReadonlyMap<string, number> {
  const versions = new Map<string, number>();
  for (const repository of ['director', 'image'] as const) {
    for (const role of ROLES) {
      const bytes = metadata[repository].load(role);
      if (bytes === undefined) continue;
      const { signed } = JSON.parse(Buffer.from(bytes).toString('utf8')) as { signed: { version: number } };
      versions.set(`${repository} ${role}`, signed.version);
    }
  }
  return versions;
}

function expectEndState(storage: Storage, images: string, place: string): void {
  const installed = storage.installations.current(PRIMARY.serial);
  assert.equal(installed?.name, 'app.bin', place);
  const file = path.join(images, IMAGE_SHA256.toUpperCase());
  assert.equal(createHash('sha256').update(readFileSync(file)).digest('hex'), IMAGE_SHA256, place);
  assert.equal(storage.installations.results().device, undefined, `${place}: a result waits`);
  assert.equal(storage.cycle.load().kind, 'Idle', place);
  assert.deepEqual(storage.reports.queued(10), [], `${place}: events wait`);
}

/** The server may get one report more than once, when its answer was lost; never two different ones, never none. */
function expectOneReport({ requests }: TestGateway, place: string): void {
  const reports = requests
    .filter((request) => request.path === '/director/manifest')
    .map(({ text }) => (JSON.parse(text) as { signed: { installation_report?: unknown } }).signed)
    .flatMap(({ installation_report: report }) => (report === undefined ? [] : [JSON.stringify(report)]));
  assert.equal(new Set(reports).size, 1, `${place}: ${new Set(reports).size} different reports`);
  assert.match(reports[0] ?? '', /"code":"OK"/, place);
}

function expectSuccess({ code, output }: Ended, place: string): void {
  assert.equal(code, 0, `${place}: ${output}`);
}
