// The metadata core: full verification of an Image repository with many targets against JSON.parse of its Targets file,
// and the verification of one poll that brings nothing new.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { MemoryMetadataStore, PRIMARY, RepositorySimulator } from '@ota-connect/testkit';
import {
  fullVerification,
  hashBytes,
  jsonObject,
  MetadataError,
  parseEnvelope,
  parseTargets,
  type Vehicle,
} from '@ota-connect/uptane';
import { median, measureNode, repeated, type Figures } from './measure.ts';
import { rounded, type Result } from './result.ts';
import { RAISED_LIMITS } from './verify-folder.ts';

type Emit = (result: Result) => void;

const MEBI = 1024 * 1024;
const SIZES = [10_000, 100_000];
const ROUNDS = 9;
const PROCESS_RUNS = 9;
const POLLS = 500;
const MAX_RATIO = 3;
const HOSTILE_BYTES = 8 * MEBI;
const WANTED = 'app-005000.bin';
const child = path.join(path.dirname(fileURLToPath(import.meta.url)), 'verify-folder.ts');

/** Entries as our server writes them; the Primary is to install one of them. */
async function repositoryOf(count: number): Promise<RepositorySimulator> {
  const simulator = await RepositorySimulator.create();
  for (let index = 0; index < count; index += 1) {
    const name = `app-${String(index).padStart(6, '0')}.bin`;
    const custom = jsonObject([
      ['createdAt', '2026-01-01T00:00:00Z'],
      ['hardwareIds', [PRIMARY.hardwareId]],
      ['name', 'app'],
      ['targetFormat', 'BINARY'],
      ['updatedAt', '2026-01-01T00:00:00Z'],
      ['version', String(index)],
    ]);
    const target = { name, lengthBytes: 1000 + index, hashes: hashBytes(Buffer.from(name)), custom };
    simulator.image.targets.set(name, target);
    if (name === WANTED) simulator.assign(target);
  }
  await simulator.publish();
  return simulator;
}

async function cpuMs(work: () => unknown): Promise<number> {
  const before = process.cpuUsage();
  await work();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1000;
}

async function verifyOnce(
  simulator: RepositorySimulator,
  vehicle: Vehicle = { ecus: [PRIMARY], limits: RAISED_LIMITS },
  stores = { director: new MemoryMetadataStore(), image: new MemoryMetadataStore() },
): Promise<string> {
  const { director, image } = simulator;
  const verdict = await fullVerification(
    vehicle,
    { name: 'director', source: director.source, store: stores.director },
    { name: 'image', source: image.source, store: stores.image },
    simulator.now,
  );
  return verdict.kind;
}

/** Both in turn, in one process, so that a slow moment of the machine meets both. */
async function benchVerification(simulator: RepositorySimulator, count: number, emit: Emit): Promise<void> {
  const bytes = simulator.image.files.get('targets.json') ?? new Uint8Array();
  const decoder = new TextDecoder();
  const parsing: number[] = [];
  const verifying: number[] = [];
  for (let round = 0; round <= ROUNDS; round += 1) {
    const parse = await cpuMs(() => JSON.parse(decoder.decode(bytes)));
    const verify = await cpuMs(() => verifyOnce(simulator));
    if (round === 0) continue;
    parsing.push(parse);
    verifying.push(verify);
  }
  const ratio = median(verifying) / median(parsing);
  const name = `${count} targets`;
  emit({ name: `${name}: size of the Targets file`, value: rounded(bytes.byteLength / MEBI), unit: 'MiB' });
  emit({ name: `${name}: JSON.parse of it, CPU`, value: rounded(median(parsing)), unit: 'ms' });
  emit({ name: `${name}: full verification, CPU`, value: rounded(median(verifying)), unit: 'ms' });
  emit({
    name: `${name}: full verification, CPU ratio`,
    value: rounded(ratio),
    unit: '×',
    promised: `<= ${MAX_RATIO}`,
    kept: ratio <= MAX_RATIO,
    against: 'JSON.parse of the same bytes',
  });
}

/** The same repository, its Targets file written with indentation and its members in another order. */
async function benchOtherForm(simulator: RepositorySimulator, count: number, emit: Emit): Promise<void> {
  const text = new TextDecoder().decode(simulator.image.files.get('targets.json'));
  const { signatures, signed } = JSON.parse(text) as { signatures: unknown; signed: unknown };
  simulator.image.overrides.set('targets.json', Buffer.from(JSON.stringify({ signed, signatures }, null, 1)));
  const bytes = simulator.image.answer('targets.json') as Uint8Array;
  const parsing: number[] = [];
  const verifying: number[] = [];
  for (let round = 0; round <= ROUNDS; round += 1) {
    parsing.push(await cpuMs(() => JSON.parse(new TextDecoder().decode(bytes))));
    verifying.push(await cpuMs(() => verifyOnce(simulator)));
  }
  simulator.image.overrides.clear();
  emit({
    name: `${count} targets, indented: full verification, CPU ratio`,
    value: rounded(median(verifying) / median(parsing)),
    unit: '×',
    against: 'JSON.parse of the same bytes',
  });
}

/** Documents of 8 MiB as an attacker would write them; nothing else runs while one is read or refused. */
async function benchHostile(emit: Emit): Promise<void> {
  const filled = (item: string): string => item.repeat(Math.floor(HOSTILE_BYTES / Buffer.byteLength(item)));
  const names = Array.from({ length: HOSTILE_BYTES / 12 }, (_, index) => `"${index.toString(36)}\u00fc":1`);
  const shapes: ReadonlyMap<string, string> = new Map([
    ['numbers', `[${filled('1,')}1]`],
    ['numbers and blanks', `[${filled('1 ,')}1]`],
    ['empty objects', `[ ${filled('{},')}{}]`],
    ['small objects out of order', `[${filled('{"b":1,"a":2},')}{}]`],
    ['words', `[ ${filled('null,')}null]`],
    ['escapes', `"${filled('\\u000A')}"`],
    ['text beyond ASCII', `"${filled('\u00fc')}"`],
    ['names out of order', `{${names.join(',')}}`],
    ['an end that is missing', `[${filled('"",')}`],
  ]);
  const documents = new Map(
    [...shapes].map(([name, text]) => [name, `{"signatures":[],"signed":{"_type":"Targets","x":${text}}}`]),
  );
  for (const [name, text] of unsignedDocuments(filled)) documents.set(name, text);
  let slowest = { name: '', ms: 0 };
  for (const [name, text] of documents) {
    const received = Buffer.from(text);
    const runs: number[] = [];
    for (let run = 0; run < PROCESS_RUNS; run += 1) runs.push(await cpuMs(() => readOrRefuse(received)));
    const ms = median(runs);
    if (ms > slowest.ms) slowest = { name, ms };
  }
  emit({
    name: `hostile documents of 8 MiB: the slowest (${slowest.name}), CPU`,
    value: rounded(slowest.ms),
    unit: 'ms',
    promised: '<= 250',
    kept: slowest.ms <= 250,
  });
}

/** Their weight is in what has to be looked at to know what a document is; and what a reader has to build. */
function unsignedDocuments(filled: (item: string) => string): ReadonlyMap<string, string> {
  const nested = (inner: string, open = '[', close = ']'): string =>
    open.repeat(55) + inner + close.repeat(55);
  const typed = (type: string): string => `{"signatures":[],"signed":{"_type":${type}}}`;
  const signed = (sig: string): string =>
    `{"signatures":[{"keyid":"a","method":"ed25519",${sig}}],"signed":{"_type":"Targets"}}`;
  const rest = '"expires":"2030-01-01T00:00:00Z","version":1';
  const targets = (members: string): string => `{"signatures":[],"signed":{"_type":"Targets",${members}}}`;
  let count = 0;
  const entry = (): string => `"\\u00e9${(count += 1)}":{"hashes":{},"length":1}`;
  const entries = Array.from({ length: HOSTILE_BYTES / 42 }, entry)
    .toSorted()
    .join(',');
  return new Map([
    ['a type of numbers, nested, one escape', typed(nested(`["\\\\",${filled('1,')}1]`))],
    ['a type of texts, nested', typed(nested(`["\\\\",${filled('"\\\\",')}1]`, '{"a":', '}'))],
    ['a type of lists', typed(`[${filled('[],')}[]]`)],
    ['a type of objects', typed(`[${filled('{"a":1},')}1]`)],
    ['a signature of numbers, nested', signed(`"sig":${nested(`["\\\\",${filled('1,')}1]`)}`)],
    ['a signature of much text', signed(`"sig":"${filled('A')}"`)],
    [
      'a signature with more than it has to say',
      signed(`"sig":"","x":${nested(`["\\\\",${filled('1,')}1]`)}`),
    ],
    ['custom data, one escape', targets(`"custom":{"x":["\\\\",${filled('1,')}1]},${rest},"targets":{}`)],
    ['images with escapes in their names', targets(`${rest},"targets":{${entries}}`)],
    [
      'patterns',
      targets(
        `"delegations":{"keys":{},"roles":[{"keyids":[],"name":"a","paths":["\\u00e9",${filled('"a",')}"a"],"terminating":false,"threshold":1}]},${rest},"targets":{}`,
      ),
    ],
  ]);
}

function readOrRefuse(received: Uint8Array): void {
  try {
    parseTargets(parseEnvelope(received, { role: 'targets' }), 'image');
  } catch (error) {
    if (!(error instanceof MetadataError)) throw error;
  }
}

/** Whole processes: what the first verification after a start costs, and memory. */
async function benchProcesses(simulator: RepositorySimulator, count: number, emit: Emit): Promise<void> {
  const folder = mkdtempSync(path.join(tmpdir(), 'bench-core-'));
  try {
    for (const repository of [simulator.director, simulator.image]) {
      mkdirSync(path.join(folder, repository.name));
      for (const [file, bytes] of repository.files)
        writeFileSync(path.join(folder, repository.name, file), bytes);
    }
    const run = (job: string): Promise<Figures> =>
      repeated(PROCESS_RUNS, () => measureNode([child, job, folder]));
    const [nothing, parse, verify] = [await run('nothing'), await run('parse'), await run('verify')];
    const size = (simulator.image.files.get('targets.json')?.byteLength ?? Number.NaN) / MEBI;
    const memory = (figures: Figures): number => rounded((figures.peakMiB - nothing.peakMiB) / size);
    const name = `${count} targets, fresh process`;
    emit({
      name: `${name}, its start included: CPU ratio`,
      value: rounded(verify.cpuSeconds / parse.cpuSeconds),
      unit: '×',
      against: 'JSON.parse in a fresh process',
    });
    emit({ name: `${name}: peak memory`, value: rounded(verify.peakMiB), unit: 'MiB' });
    emit({ name: `${name}: memory above an idle process`, value: memory(verify), unit: '× file' });
    emit({ name: `${name}: the same of JSON.parse`, value: memory(parse), unit: '× file' });
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** The vehicle runs what the Director assigns, all roles are stored: what each later poll costs. */
async function benchPoll(emit: Emit): Promise<void> {
  const simulator = await RepositorySimulator.create();
  const offered = simulator.offer('app.bin');
  await simulator.publish();
  const vehicle: Vehicle = { ecus: [{ ...PRIMARY, installed: offered }] };
  const stores = { director: new MemoryMetadataStore(), image: new MemoryMetadataStore() };
  const all: number[] = [];
  for (let poll = 0; poll < POLLS; poll += 1) {
    all.push(
      await cpuMs(async () => {
        if ((await verifyOnce(simulator, vehicle, stores)) !== 'nothing_new')
          throw new Error('there is something new');
      }),
    );
  }
  const value = median(all.slice(POLLS / 5));
  emit({
    name: 'one poll with nothing new, verification: CPU',
    value: rounded(value),
    unit: 'ms',
    promised: '<= 1',
    kept: value <= 1,
  });
}

export async function coreBench(emit: Emit): Promise<void> {
  await benchPoll(emit);
  await benchHostile(emit);
  for (const count of SIZES) {
    const simulator = await repositoryOf(count);
    await benchVerification(simulator, count, emit);
    await benchOtherForm(simulator, count, emit);
    await benchProcesses(simulator, count, emit);
  }
}
