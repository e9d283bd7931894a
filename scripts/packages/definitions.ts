// Which Debian packages there are and what lies in each: one carries Node.js and the bundles, the commands are thin. The
// split follows the original's recipe (client-features YOC-17): who has the daemon need not have the rest.
import { globSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { deviceCommands } from '../bundle-aktualizr.ts';
import { manPage } from './man-page.ts';
import type { Stage } from './stage.ts';

export type Build = {
  readonly root: string;
  readonly version: string;
  /** Of the sources, as 2026-11-25. */
  readonly day: string;
  readonly architecture: 'amd64' | 'arm64';
  /** The Node.js that is packed. */
  readonly node: string;
  /** The folder of the bundle. */
  readonly bundle: string;
};

export type Definition = {
  readonly name: string;
  readonly isArchitectureBound: boolean;
  readonly summary: string;
  readonly description: string;
  /** Fields of the control file. `=` stands for the version of this build. */
  readonly relations: Readonly<Record<string, string>>;
  /** What debugging symbols are taken out of. */
  readonly binaries?: readonly string[];
  readonly fill: (stage: Stage, build: Build) => void;
};

const HOME = 'usr/lib/ota-connect';
const SEE_ALSO = ['aktualizr', 'aktualizr-info', 'aktualizr-get', 'aktualizr-cert-provider'];

const RUNTIME: Definition = {
  name: 'ota-connect-node',
  isArchitectureBound: true,
  summary: 'Node.js and program code of the aktualizr commands',
  description:
    'The pinned Node.js that the OTA Connect device commands run on, and their code. The commands themselves are in the packages that depend on this one.',
  binaries: [`${HOME}/bin/node`],
  relations: { Depends: 'libc6 (>= 2.28), libstdc++6 (>= 12), libgcc-s1 (>= 4.2), libatomic1 (>= 4.8)' },
  fill: (stage, { node, bundle }) => {
    stage.copy(`${HOME}/bin/node`, node, 0o755);
    for (const name of globSync('*.js', { cwd: bundle })) {
      stage.copy(`${HOME}/device/${name}`, path.join(bundle, name));
    }
    const licence = path.join(path.dirname(path.dirname(node)), 'LICENSE');
    stage.gzip('usr/share/doc/ota-connect-node/NODE-LICENSE.gz', readFileSync(licence, 'utf8'));
    stage.write('usr/share/lintian/overrides/ota-connect-node', OVERRIDES);
  },
};

const OVERRIDES = `# The pinned Node.js brings its own OpenSSL, zlib and SQLite.
ota-connect-node: embedded-library *
ota-connect-node: statically-linked-binary *
ota-connect-node: hardening-no-pie *
`;

const DAEMON: Definition = {
  ...thin('aktualizr', 'over-the-air update client', [
    'Keeps an embedded Linux device up to date: verifies what it is offered as the Uptane Standard says, downloads,',
    'installs and reports. Runs as a service, or step by step from the command line.',
  ]),
  relations: {
    Depends: 'ota-connect-node (= =), passwd, init-system-helpers (>= 1.54)',
    Recommends: 'aktualizr-info (= =), aktualizr-configs (= =)',
    Suggests: 'aktualizr-pkcs11, dbus, ostree, rauc, libubootenv-tool',
  },
  fill: (stage, build) => {
    command('aktualizr', 'keeps this device up to date over the air')(stage, build);
    const from = (name: string): string => path.join(build.root, 'packaging', name);
    stage.copy('lib/systemd/system/aktualizr.service', from('systemd/aktualizr.service'));
    stage.copy('usr/lib/sysusers.d/aktualizr.conf', from('systemd/aktualizr.sysusers'));
    stage.copy('usr/lib/tmpfiles.d/aktualizr.conf', from('systemd/aktualizr.tmpfiles'));
    stage.copy('usr/share/dbus-1/system.d/org.otaconnect.Aktualizr1.conf', from('systemd/dbus-policy.conf'));
    stage.copy('usr/lib/sota/conf.d/05-production.toml', from('config/05-production.toml'));
    stage.copy('etc/default/aktualizr', from('config/default-aktualizr'));
    stage.makeFolder('etc/sota/conf.d');
  },
};

const CONFIGS: Definition = {
  name: 'aktualizr-configs',
  isArchitectureBound: false,
  summary: 'sample configurations of the over-the-air update client',
  description:
    'Samples for shared credentials, device credentials, keys in a PKCS#11 token and the U-Boot environment, in /usr/lib/sota; copy one to /etc/sota/conf.d.',
  relations: { Enhances: 'aktualizr' },
  fill: (stage, { root }) => {
    for (const name of globSync('sota-*.toml', { cwd: path.join(root, 'packaging/config') })) {
      stage.copy(`usr/lib/sota/${name}`, path.join(root, 'packaging/config', name));
    }
  },
};

const RESOURCES: Definition = {
  name: 'aktualizr-resource-control',
  isArchitectureBound: false,
  summary: 'limits of processor and memory for the update client',
  description: 'A drop-in of aktualizr.service with CPUWeight, MemoryHigh and MemoryMax.',
  relations: { Depends: 'aktualizr' },
  fill: (stage, { root }) =>
    stage.copy(
      'lib/systemd/system/aktualizr.service.d/10-resource-control.conf',
      path.join(root, 'packaging/systemd/10-resource-control.conf'),
    ),
};

const TOKEN: Definition = {
  name: 'aktualizr-pkcs11',
  isArchitectureBound: true,
  summary: 'keys of the update client in a PKCS#11 token',
  description: 'The native module by which aktualizr reaches a token or HSM through its PKCS#11 library.',
  binaries: [`${HOME}/node_modules/pkcs11js/build/Release/pkcs11.node`],
  relations: {
    Depends: 'ota-connect-node (= =), libc6, libstdc++6, libgcc-s1',
    Recommends: 'libengine-pkcs11-openssl',
    Suggests: 'softhsm2',
  },
  fill: (stage, { root }) => {
    const place = `${HOME}/node_modules/pkcs11js`;
    for (const name of TOKEN_FILES)
      stage.copy(`${place}/${name}`, path.join(root, 'node_modules/pkcs11js', name));
  },
};

const TOKEN_FILES = ['package.json', 'index.js', 'LICENSE', 'build/Release/pkcs11.node'];

/** All that can be built here; the token's module only where its addon was compiled. */
export function definitions(root: string): readonly Definition[] {
  const names = [...deviceCommands().keys()];
  const companions = COMPANIONS.filter(({ name }) => names.includes(name));
  const addon = globSync('node_modules/pkcs11js/build/Release/pkcs11.node', { cwd: root });
  return [RUNTIME, DAEMON, ...companions, CONFIGS, RESOURCES, ...(addon.length > 0 ? [TOKEN] : [])];
}

const COMPANIONS: readonly Definition[] = [
  thin('aktualizr-info', 'state of the over-the-air update client', [
    'Tells what aktualizr knows: identity, installed and pending software, keys and metadata.',
  ]),
  thin('aktualizr-get', 'fetches from the device gateway', [
    'Fetches a URL with the credentials of this device and prints the answer.',
  ]),
  thin('aktualizr-cert-provider', 'makes credentials for devices', [
    'Makes the key and certificate of a device, from shared credentials or a fleet CA, into a folder or over SSH.',
  ]),
];

function thin(name: string, summary: string, description: readonly string[]): Definition {
  return {
    name,
    isArchitectureBound: false,
    summary,
    description: description.join(' '),
    relations: { Depends: 'ota-connect-node (= =)' },
    fill: command(name, summary),
  };
}

function command(name: string, summary: string): Definition['fill'] {
  return (stage, { root, bundle, day }) => {
    const text = readFileSync(path.join(root, 'packaging/bin/command'), 'utf8');
    stage.write(`usr/bin/${name}`, text.replaceAll('@COMMAND@', name), 0o755);
    const seeAlso = SEE_ALSO.filter((other) => other !== name);
    stage.gzip(
      `usr/share/man/man1/${name}.1.gz`,
      manPage({ command: name, summary, seeAlso }, path.join(bundle, 'start.js'), day),
    );
  };
}
