// Did the update really arrive? Asked after the client has exited, of three who could contradict each other: the file
// on the device, the device's own records, and the server.
import { createHash } from 'node:crypto';
import { createReadStream, existsSync } from 'node:fs';
import path from 'node:path';
import { pipeline } from 'node:stream/promises';
import type { Shell } from './run-command.ts';
import type { Told } from './story.ts';

type Software = { readonly filename: string; readonly sha256: string };
type DeviceInfo = {
  readonly primary: { readonly current: { readonly name: string; readonly sha256: string | null } | null };
};
type Device = {
  readonly ecus?: readonly {
    readonly primary: boolean;
    readonly installed?: { readonly filename: string; readonly sha256: string };
  }[];
};

/** Sentences of what failed; empty when all three agree. */
export async function findFailures(shell: Shell, told: Told): Promise<readonly string[]> {
  const target = (await shell.ask('software', 'show', told.filename)) as Software;
  const failures: string[] = [];
  // The client names the file by the hash, in capitals, as deployed ones do.
  const file = path.join(told.device.imagesDir, target.sha256.toUpperCase());
  const onDevice = existsSync(file) ? await sha256Of(file) : 'no file';
  if (onDevice !== target.sha256 || target.sha256 !== (await sha256Of(told.imageFile))) {
    failures.push(`The file on the device does not hash to the target's sha256: ${file} has ${onDevice}.`);
  }
  const info = await shell.quiet('aktualizr-info', '--config', told.device.configDir, '--json');
  const current = (JSON.parse(info) as DeviceInfo).primary.current;
  if (current?.name !== told.filename || current.sha256 !== target.sha256) {
    failures.push(`aktualizr-info does not name ${told.filename} as installed.`);
  }
  const device = (await shell.ask('device', 'show', told.device.id)) as Device;
  const installed = device.ecus?.find((ecu) => ecu.primary)?.installed;
  if (installed?.filename !== told.filename || installed.sha256 !== target.sha256) {
    failures.push(`The server does not list ${told.filename} as installed on the device's Primary.`);
  }
  return failures;
}

async function sha256Of(file: string): Promise<string> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(file), hash);
  return hash.digest('hex');
}
