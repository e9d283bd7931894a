// aktualizr as a process: a folder with its configuration and credentials, and runs of the real command in it.
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { PRIMARY } from '@ota-connect/testkit';
import type { TestGateway } from '../../../packages/libaktualizr/test/support/test-gateway.ts';

const PROGRAM = fileURLToPath(new URL('../bin/aktualizr.js', import.meta.url));

export type Run = { readonly code: number | null; readonly stdout: string; readonly stderr: string };

export type Folder = {
  readonly path: string;
  readonly configFile: string;
  readonly imagesPath: string;
  /** Runs to its end. */
  run(...args: readonly string[]): Promise<Run>;
  /** Starts and waits for a line on standard output that matches. */
  start(
    args: readonly string[],
    until: RegExp,
  ): Promise<{ readonly child: ChildProcess; readonly ended: Promise<Run> }>;
  configure(more?: string, server?: string): void;
  /** Shared credentials in place of imported ones; answers where the archive lies. */
  provisionWith(archive: Uint8Array): string;
  /** From now on no process may write a file longer than this. */
  limitFiles(bytes: number | undefined): void;
  remove(): void;
};

export function deviceFolder(gateway: TestGateway): Folder {
  const path = mkdtempSync(join(tmpdir(), 'aktualizr-'));
  const imports = join(path, 'import');
  mkdirSync(imports);
  writeFileSync(join(imports, 'root.crt'), gateway.credentials.ca);
  writeFileSync(join(imports, 'client.pem'), gateway.credentials.certificate);
  writeFileSync(join(imports, 'pkey.pem'), gateway.credentials.privateKey);
  const configFile = join(path, 'config.toml');
  const imagesPath = join(path, 'images');
  const configure = (more = '', server = gateway.url) =>
    writeFileSync(configFile, configuration(path, server) + more);
  configure();
  const children = new Set<ChildProcess>();
  let prefix: readonly string[] = [];
  const launch = (args: readonly string[]) => {
    const [command = '', ...words] = [...prefix, process.execPath, PROGRAM, '--config', configFile, ...args];
    const child = spawn(command, words, { stdio: ['ignore', 'pipe', 'pipe'] });
    children.add(child);
    const texts = { stdout: '', stderr: '' };
    child.stdout.on('data', (chunk: Buffer) => (texts.stdout += chunk.toString()));
    child.stderr.on('data', (chunk: Buffer) => (texts.stderr += chunk.toString()));
    const ended = once(child, 'close').then(([code]) => ({ code: code as number | null, ...texts }));
    return { child, ended, texts };
  };
  return {
    path,
    configFile,
    imagesPath,
    run: (...args) => launch(args).ended,
    async start(args, until) {
      const { child, ended, texts } = launch(args);
      while (!until.test(texts.stdout)) {
        const outcome = await Promise.race([once(child.stdout, 'data'), ended]);
        if (!Array.isArray(outcome)) throw new Error(`ended with ${outcome.code}: ${outcome.stderr}`);
      }
      return { child, ended };
    },
    configure,
    provisionWith: (archive) => {
      const archiveFile = join(path, 'credentials.zip');
      writeFileSync(archiveFile, archive);
      writeFileSync(configFile, configuration(path, gateway.url, archiveFile));
      return archiveFile;
    },
    limitFiles: (bytes) => {
      prefix = bytes === undefined ? [] : limited(bytes);
    },
    remove: () => {
      for (const child of children) child.kill('SIGKILL');
      rmSync(path, { recursive: true, force: true });
    },
  };
}

/** `ulimit -f` counts in blocks of 512 bytes. The shell becomes the command, which keeps its process id. */
function limited(bytes: number): readonly string[] {
  return ['sh', '-c', `ulimit -f ${Math.floor(bytes / 512)} && exec "$@"`, 'sh'];
}

function configuration(path: string, server: string, archiveFile?: string): string {
  return `[tls]
server = "${server}"

[provision]
primary_ecu_serial = "${PRIMARY.serial}"
primary_ecu_hardware_id = "${PRIMARY.hardwareId}"
renew_before_days = 0
${archiveFile === undefined ? '' : `provision_path = "${archiveFile}"`}

[uptane]
polling_sec = 1
key_type = "ED25519"

[storage]
path = "${join(path, 'storage')}"

${archiveFile === undefined ? importSection(path) : ''}
[pacman]
type = "none"
images_path = "${join(path, 'images')}"

[control]
socket = "${join(path, 'control.sock')}"
dbus = "off"
`;
}

function importSection(path: string): string {
  return `[import]
base_path = "${join(path, 'import')}"
tls_cacert_path = "root.crt"
tls_clientcert_path = "client.pem"
tls_pkey_path = "pkey.pem"
`;
}
