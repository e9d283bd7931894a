// The package managers that need nothing of the system, against the contract of all of them.
import { chmodSync, existsSync, mkdirSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { packageManagerContract, type PackageManagerWorld } from '@ota-connect/testkit';
import type { Config } from '../src/config/config.ts';
import { offerCommit, offerImage, openManagerWorld } from './support/manager-world.ts';
import { temporaryFolder } from './support/test-device.ts';
import { openTestGateway } from './support/test-gateway.ts';

type Chosen = Partial<Config['pacman']> & { readonly type: string };

async function open(
  choose: (folder: string) => Chosen,
  reboot?: (folder: string) => void,
): Promise<PackageManagerWorld> {
  const folder = temporaryFolder();
  const gateway = await openTestGateway();
  const world = openManagerWorld(folder.path, gateway, choose(folder.path));
  const bytes = (text: string) => new TextEncoder().encode(text);
  return {
    manager: await world.open(),
    versions: [offerImage(gateway, 'one.bin', bytes('one')), offerImage(gateway, 'two.bin', bytes('two'))],
    foreign: offerCommit('an-os', 'a'.repeat(64)),
    note: world.note,
    reboot: () => {
      reboot?.(folder.path);
      return world.open();
    },
    async close() {
      world.close();
      await gateway.close();
      folder.remove();
    },
  };
}

const SCRIPT = (state: string) => `#!/bin/sh
cd '${state}'
case "$1" in
  check) test -f current || exit 64; cat current ;;
  install) test ! -f current || cp current before
    printf '{"name":"%s","sha256":"%s"}' "$TARGET_NAME" "$TARGET_SHA256" >next; exit 21 ;;
  finalize) grep -q "$TARGET_SHA256" current ;;
  rollback) if test -f next; then rm next; else mv before next; exit 21; fi ;;
esac
`;

function chooseScript(folder: string): Chosen {
  const state = join(folder, 'state');
  mkdirSync(state);
  const script = join(folder, 'script');
  writeFileSync(script, SCRIPT(state));
  chmodSync(script, 0o755);
  return { type: 'script', script };
}

function rebootScript(folder: string): void {
  const next = join(folder, 'state/next');
  if (existsSync(next)) renameSync(next, join(folder, 'state/current'));
}

packageManagerContract('none', () => open(() => ({ type: 'none' })));
packageManagerContract('none with a reboot', () => open(() => ({ type: 'none', fakeNeedReboot: true })));
packageManagerContract('script', () => open(chooseScript, rebootScript));
