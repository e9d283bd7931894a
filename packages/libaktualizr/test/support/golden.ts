// Recorded exchanges of the original, and what a test compares them with: every request in its order, its body member by
// member in its order, with only those values masked that no two runs share (keys, signatures, times, random ids).
import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Config } from '../../src/config/config.ts';
import { loadConfig } from '../../src/config/load-toml.ts';
import type { Recorded, TestGateway } from './test-gateway.ts';

export type Exchange = {
  readonly method: string;
  readonly path: string;
  readonly body: string;
  readonly headers: readonly [string, string][];
  readonly status: number;
  readonly response: string | null;
};

/** Where the recording device was, in its own configuration. */
const RECORDED = { url: 'https://localhost:30443', folder: '/var/sota' };
export type Place = typeof RECORDED;

export const RECORDED_PRIMARY = { serial: 'CA:FE:A6:D2:84:9D', hardwareId: 'primary_hw' };
export const RECORDED_CORRELATION = 'urn:here-ota:campaign:11111111-2222-3333-4444-555555555555';

const CONFIGURATION = '/system_info/config';
const HARDWARE = '/system_info';
const MANIFEST = '/director/manifest';
/** `hash` alone is none of the original's names; it lists `hashes`. */
const ADDITIONS = new Set(['hash', 'vehicle_id']);
const MASKED = new Set(['sig', 'keyid', 'sha256', 'deviceTime', 'hostname', 'local_ipv4', 'mac']);

export function golden(name: string): readonly Exchange[] {
  const file = new URL(`../fixtures/golden/${name}.jsonl`, import.meta.url);
  return readFileSync(file, 'utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Exchange);
}

/** One text for each request: method, path, and the comparable body below. */
export function toldByOriginal(name: string): readonly string[] {
  return golden(name).map(({ method, path, body }) => told(method, path, body ?? '', RECORDED));
}

export function toldByUs(requests: readonly Recorded[], place: Place): readonly string[] {
  return requests.map(({ method, path, text }) => told(method, path, withoutAdditions(path, text), place));
}

/**
 * What ours says in a manifest beyond the original, as the Standard wants it: the vehicle's id, and with each signature the
 * hash of what was signed. Original servers skip members that they do not know. docs/adr/0016-manifest-members.md
 */
function withoutAdditions(path: string, text: string): string {
  if (path !== MANIFEST) return text;
  assert.match(text, /"vehicle_id":"[^"]/);
  return JSON.stringify(
    JSON.parse(text, (name, value: unknown) => (ADDITIONS.has(name) ? undefined : value)),
  );
}

/**
 * The one difference that is allowed: ours asks the Director for its Timestamp (and for its Snapshot when that is new),
 * since the Standard wants a Director to have all four roles. This one has not, so that the answer is 404 and everything
 * else must be as recorded.
 */
export function withoutDirectorTimestamp(lines: readonly string[]): readonly string[] {
  return lines.filter((line) => line !== 'GET /director/timestamp.json');
}

function told(method: string, path: string, body: string, { url, folder }: Place): string {
  const head = `${method} ${path}`;
  if (body === '') return head;
  if (path === CONFIGURATION) {
    return `${head}\n${body.replaceAll(url, RECORDED.url).replaceAll(folder, RECORDED.folder)}`;
  }
  // What lshw finds out is another test's: the hardware differs.
  if (path === HARDWARE) return head;
  assert.equal(JSON.stringify(JSON.parse(body)), body, 'canonical JSON: no space, each member once');
  return `${head}\n${JSON.stringify(JSON.parse(body, masked))}`;
}

function masked(key: string, value: unknown): unknown {
  if (MASKED.has(key)) return `<${typeof value} ${key}>`;
  if (typeof value !== 'string') return value;
  if (key === 'public') return value.startsWith('-----BEGIN PUBLIC KEY-----\n') ? '<PEM>' : '<hex>';
  if (key === 'deviceId') return value.replace(/^[a-z]+-[a-z]+-\d{1,3}$/, '<adjective-food-number>');
  return key === 'id' ? value.replace(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/, '<uuid>') : value;
}

/** The recorded device's configuration, read from its own report, at this gateway and in this folder. */
export async function recordedConfig(name: string, gateway: TestGateway, folder: string): Promise<Config> {
  const report = golden(name).find(({ path }) => path === CONFIGURATION)?.body;
  assert.ok(report);
  const file = join(folder, 'recorded.toml');
  writeFileSync(file, report.replaceAll(RECORDED.url, gateway.url).replaceAll(RECORDED.folder, folder));
  const imports = join(folder, 'import');
  mkdirSync(imports, { recursive: true });
  writeFileSync(join(imports, 'root.crt'), gateway.credentials.ca);
  writeFileSync(join(imports, 'client.pem'), gateway.credentials.certificate);
  writeFileSync(join(imports, 'pkey.pem'), gateway.credentials.privateKey);
  const { config, warnings } = await loadConfig({ paths: [file] });
  assert.deepEqual(warnings, []);
  return config;
}
