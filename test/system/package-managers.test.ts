// The package managers that stand on programs of the system, against the contract of all of them: real libostree in a
// sysroot, the real RAUC on a private bus (root).
import { randomBytes } from 'node:crypto';
import { packageManagerContract, serveFolder } from '@ota-connect/testkit';
import { issue } from '../../packages/libaktualizr/test/support/certificates.ts';
import {
  offerCommit,
  offerImage,
  openManagerWorld,
} from '../../packages/libaktualizr/test/support/manager-world.ts';
import { temporaryFolder } from '../../packages/libaktualizr/test/support/test-device.ts';
import { openTestGateway } from '../../packages/libaktualizr/test/support/test-gateway.ts';
import { makeOstreeWorld, OS } from './support/ostree-tree.ts';
import { openRaucWorld } from './support/rauc-world.ts';

packageManagerContract('ostree', async () => {
  const folder = temporaryFolder();
  const gateway = await openTestGateway();
  const ostree = makeOstreeWorld(folder.path);
  const identity = await issue({ commonName: 'localhost' }, gateway.authority);
  const treehub = await serveFolder(ostree.server, { ...identity, ca: gateway.authority.certificate });
  const { sysroot } = ostree;
  const pacman = { type: 'ostree', sysroot, os: OS, ostreeServer: treehub.url, booted: 'staged' } as const;
  const world = openManagerWorld(folder.path, gateway, pacman);
  const [two, three] = [ostree.commit('two', { app: randomBytes(5000) }), ostree.commit('three')];
  return {
    manager: await world.open(),
    versions: [offerCommit(two.name, two.commit), offerCommit(three.name, three.commit)],
    foreign: offerImage(gateway, 'app.bin', randomBytes(10)),
    note: world.note,
    reboot: world.open,
    async close() {
      world.close();
      await treehub.close();
      await gateway.close();
      ostree.unlock();
      folder.remove();
    },
  };
});

packageManagerContract('rauc', async () => {
  const folder = temporaryFolder();
  const gateway = await openTestGateway();
  const rauc = await openRaucWorld(folder.path);
  const busAddress = process.env.DBUS_SYSTEM_BUS_ADDRESS;
  process.env.DBUS_SYSTEM_BUS_ADDRESS = rauc.busAddress;
  const world = openManagerWorld(folder.path, gateway, { type: 'rauc' });
  const offer = (label: string) =>
    offerImage(gateway, `${label}.raucb`, rauc.bundle(label, randomBytes(5000)).content);
  return {
    manager: await world.open(),
    versions: [offer('one'), offer('two')],
    foreign: offerCommit('an-os', 'a'.repeat(64)),
    note: world.note,
    async reboot() {
      await rauc.boot();
      return world.open();
    },
    async close() {
      world.close();
      if (busAddress === undefined) delete process.env.DBUS_SYSTEM_BUS_ADDRESS;
      else process.env.DBUS_SYSTEM_BUS_ADDRESS = busAddress;
      await rauc.close();
      await gateway.close();
      folder.remove();
    },
  };
});
