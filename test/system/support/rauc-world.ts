// A board with two slots as RAUC keeps it, without the board: slots are files, the bootloader is a script that writes down
// what it is told, the bus is a private one; RAUC, its service and its bundles are real.
import assert from 'node:assert/strict';
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { must } from './ostree-tree.ts';

export const COMPATIBLE = 'tiny-board';
const SLOT_BYTES = 512 * 1024;

export type Bundle = { readonly file: string; readonly content: Uint8Array };

export type RaucWorld = {
  /** Signed by the key that the board trusts, unless by another. */
  bundle(
    label: string,
    image: Uint8Array,
    options?: { readonly compatible?: string; readonly isForeign?: boolean },
  ): Bundle;
  /** Starts RAUC's service, anew when it runs, on that slot; the bootloader's choice when absent. */
  boot(slot?: 'A' | 'B'): Promise<void>;
  stopService(): Promise<void>;
  readonly slot: (name: 'A' | 'B') => Uint8Array;
  /** What the bootloader starts next. */
  readonly primary: () => string;
  /** Whether it holds a slot to be good. */
  readonly state: (name: 'A' | 'B') => string;
  readonly busAddress: string;
  close(): Promise<void>;
};

const BACKEND = `#!/bin/sh
cd "$(dirname "$0")"
case "$1" in
  get-primary) cat primary ;;
  set-primary) echo "$2" >primary ;;
  get-state) cat "state-$2" ;;
  set-state) echo "$3" >"state-$2" ;;
esac
`;

const BUS = (
  socket: string,
) => `<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig>
  <type>system</type>
  <listen>unix:path=${socket}</listen>
  <policy context="default">
    <allow user="*"/><allow own="*"/><allow send_destination="*" eavesdrop="true"/><allow eavesdrop="true"/>
  </policy>
</busconfig>
`;

export async function openRaucWorld(folder: string): Promise<RaucWorld> {
  const place = join(folder, 'rauc');
  mkdirSync(join(place, 'mount'), { recursive: true });
  const write = (name: string, text: string | Uint8Array) => writeFileSync(join(place, name), text);
  for (const name of ['A', 'B']) {
    write(`slot-${name}`, Buffer.alloc(SLOT_BYTES));
    write(`state-${name}`, 'good\n');
  }
  write('primary', 'A\n');
  write('backend', BACKEND);
  chmodSync(join(place, 'backend'), 0o755);
  for (const name of ['own', 'foreign']) makeKey(place, name);
  write('system.conf', configuration(place));
  const socket = join(place, 'bus');
  write('bus.conf', BUS(socket));
  const bus = spawn('dbus-daemon', [`--config-file=${join(place, 'bus.conf')}`, '--nofork'], {
    stdio: 'ignore',
  });
  await until(() => existsSync(socket));
  const busAddress = `unix:path=${socket}`;
  const env = { ...process.env, DBUS_SYSTEM_BUS_ADDRESS: busAddress };
  let service: ChildProcess | undefined;
  const read = (name: string) => readFileSync(join(place, name), 'utf8').trim();
  const world: RaucWorld = {
    busAddress,
    bundle: (label, image, options = {}) => makeBundle(place, label, image, options),
    async boot(slot) {
      await world.stopService();
      const args = [
        `--conf=${join(place, 'system.conf')}`,
        'service',
        `--override-boot-slot=${slot ?? read('primary')}`,
      ];
      service = spawn('rauc', args, { env, stdio: 'ignore' });
      await until(async () => {
        const status = spawn('rauc', ['status'], { env, stdio: 'ignore' });
        const [code] = (await once(status, 'close')) as [number | null];
        return code === 0;
      });
    },
    async stopService() {
      await stop(service);
      service = undefined;
    },
    slot: (name) => readFileSync(join(place, `slot-${name}`)),
    primary: () => read('primary'),
    state: (name) => read(`state-${name}`),
    async close() {
      await stop(service);
      await stop(bus);
    },
  };
  await world.boot();
  return world;
}

function configuration(place: string): string {
  const slot = (index: number, name: string) =>
    `[slot.rootfs.${index}]\ndevice=${join(place, `slot-${name}`)}\ntype=raw\nbootname=${name}\n`;
  return `[system]
compatible=${COMPATIBLE}
bootloader=custom
mountprefix=${join(place, 'mount')}
statusfile=${join(place, 'status')}
[keyring]
path=${join(place, 'own.crt')}
[handlers]
bootloader-custom-backend=${join(place, 'backend')}
${slot(0, 'A')}${slot(1, 'B')}`;
}

function makeKey(place: string, name: string): void {
  const files = ['-keyout', join(place, `${name}.key`), '-out', join(place, `${name}.crt`)];
  must(
    'openssl',
    'req',
    '-x509',
    '-newkey',
    'rsa:2048',
    '-nodes',
    '-subj',
    `/CN=${name}`,
    '-days',
    '2',
    ...files,
  );
}

function makeBundle(
  place: string,
  label: string,
  image: Uint8Array,
  { compatible = COMPATIBLE, isForeign = false },
): Bundle {
  const content = join(place, `content-${label}`);
  mkdirSync(content);
  writeFileSync(join(content, 'rootfs.img'), image);
  const manifest = `[update]\ncompatible=${compatible}\nversion=${label}\n[bundle]\nformat=plain\n[image.rootfs]\nfilename=rootfs.img\n`;
  writeFileSync(join(content, 'manifest.raucm'), manifest);
  const signer = join(place, isForeign ? 'foreign' : 'own');
  const file = join(place, `${label}.raucb`);
  must('rauc', `--cert=${signer}.crt`, `--key=${signer}.key`, 'bundle', content, file);
  return { file, content: readFileSync(file) };
}

async function until(isSo: () => boolean | Promise<boolean>): Promise<void> {
  for (let again = 0; again < 200; again += 1) {
    if (await isSo()) return;
    await sleep(50);
  }
  assert.fail('it did not start within 10 s');
}

async function stop(child: ChildProcess | undefined): Promise<void> {
  if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
  const closed = once(child, 'close');
  child.kill('SIGTERM');
  await closed;
}
