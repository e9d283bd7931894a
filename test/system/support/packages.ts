// Our Debian packages, built once for all tests of a file, and how a test installs them.
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { System } from '../../../e2e/support/system.ts';
import { buildPackages } from '../../../scripts/package-deb.ts';
import type { DebianMachine } from './debian-machine.ts';

export type BuiltPackages = { readonly folder: string; readonly remove: () => void };

/** Uncompressed: the tests are about what is in them. */
export async function builtPackages(version: string): Promise<BuiltPackages> {
  const folder = mkdtempSync(path.join(tmpdir(), 'ota-connect-debs-'));
  await buildPackages({ out: folder, compression: 'none', version });
  return { folder, remove: () => rmSync(folder, { recursive: true, force: true }) };
}

/** Installs all of them, or those named, as a person does: with apt, which wants every dependency there. */
export function install(
  machine: DebianMachine,
  { folder }: BuiltPackages,
  names?: readonly string[],
): string {
  const files = readdirSync(folder).filter(
    (file) => file.endsWith('.deb') && (names ?? [file.split('_')[0]]).includes(file.split('_')[0] ?? ''),
  );
  for (const file of files) machine.write(`/tmp/debs/${file}`, readFileSync(path.join(folder, file)));
  return machine.must(
    'apt-get',
    'install',
    '-y',
    '-q',
    '--no-install-recommends',
    '--allow-downgrades',
    ...files.map((file) => `/tmp/debs/${file}`),
  );
}

/** Gives the machine shared credentials and the configuration of a device that keeps its images as files. */
export async function configure(
  machine: DebianMachine,
  system: System,
  { deviceId, hardwareId }: { readonly deviceId: string; readonly hardwareId: string },
): Promise<void> {
  const archive = path.join(system.folder, 'credentials.zip');
  await system.ota('credentials', 'create', '--output', archive);
  machine.write('/var/sota/sota_provisioning_credentials.zip', readFileSync(archive));
  machine.write(
    '/etc/sota/conf.d/20-sota.toml',
    `[tls]
server = "${system.gatewayUrl}"
[provision]
provision_path = "/var/sota/sota_provisioning_credentials.zip"
device_id = "${deviceId}"
primary_ecu_hardware_id = "${hardwareId}"
[pacman]
type = "none"
images_path = "/var/sota/images"
`,
  );
}
