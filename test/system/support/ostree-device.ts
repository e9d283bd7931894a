// A device on OSTree with everything around it: gateway, repositories, a static folder of objects, a sysroot. One temporary
// folder; `close` leaves nothing.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { jsonObject } from '@ota-connect/uptane';
import { PRIMARY, serveFolder, type StaticServer } from '@ota-connect/testkit';
import { deviceFolder, type Folder } from '../../../apps/aktualizr/test/process.ts';
import { issue } from '../../../packages/libaktualizr/test/support/certificates.ts';
import {
  openTestGateway,
  type TestGateway,
} from '../../../packages/libaktualizr/test/support/test-gateway.ts';
import { makeOstreeWorld, OS, type OstreeWorld, type Version } from './ostree-tree.ts';

export type OstreeDevice = {
  readonly gateway: TestGateway;
  readonly treehub: StaticServer;
  readonly folder: Folder;
  readonly world: OstreeWorld;
  /** Lines of [pacman] and of whole sections after it. */
  configure(pacman: Readonly<Record<string, string>>, more?: string): void;
  /** The Director wants that version on the Primary, under a correlation id of its own. */
  offer(version: Version): Promise<void>;
  close(): Promise<void>;
};

/** `prepare` may mount something where the sysroot will be. */
export async function openOstreeDevice(
  prepare: (sysroot: string) => void = () => undefined,
): Promise<OstreeDevice> {
  const gateway = await openTestGateway();
  const folder = deviceFolder(gateway);
  const world = makeOstreeWorld(folder.path, prepare);
  const identity = await issue({ commonName: 'localhost' }, gateway.authority);
  const treehub = await serveFolder(world.server, { ...identity, ca: gateway.authority.certificate });
  const original = readFileSync(folder.configFile, 'utf8');
  const configure = (pacman: Readonly<Record<string, string>>, more = '') => {
    const settings = {
      type: 'ostree',
      os: OS,
      sysroot: world.sysroot,
      ostree_server: treehub.url,
      ...pacman,
    };
    const lines = Object.entries(settings).map(([key, value]) => `${key} = "${value}"`);
    const session = `[bootloader]\nreboot_sentinel_dir = "${join(folder.path, 'session')}"\n`;
    writeFileSync(
      folder.configFile,
      `${original.replace('type = "none"', lines.join('\n'))}\n${session}${more}`,
    );
  };
  configure({ booted: 'staged' });
  return {
    gateway,
    treehub,
    folder,
    world,
    configure,
    async offer({ name, commit }) {
      const { simulator } = gateway;
      const format = ['targetFormat', 'OSTREE'] as const;
      const custom = jsonObject([['hardwareIds', [PRIMARY.hardwareId]], format]);
      const target = { name, lengthBytes: 0, hashes: { sha256: commit }, custom };
      simulator.image.targets.set(name, target);
      simulator.director.targets.clear();
      simulator.assign(target, [PRIMARY], jsonObject([format]));
      simulator.correlate(`urn:here-ota:campaign:${name}`);
      await simulator.publish();
    },
    async close() {
      await treehub.close();
      await gateway.close();
      world.unlock();
      folder.remove();
    },
  };
}
