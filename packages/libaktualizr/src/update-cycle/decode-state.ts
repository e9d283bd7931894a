// Reads a stored state in full, so that a damaged row, or one of a later version, is told from a state and never runs.
// What is not known is left out; a state that lacks something is none. ARCHITECTURE 4.8.
import {
  CodedError,
  parseCorrelationId,
  parseEcuSerial,
  parseHardwareId,
  parseTargetName,
  type Hashes,
  type JsonObject,
} from '@ota-connect/uptane';
import {
  CYCLE_STATES,
  type CycleState,
  type KnownUpdate,
  type MediumPlace,
  type StoredTarget,
  type Trial,
  type Update,
} from './states.ts';

type Fields = Readonly<Record<string, unknown>>;

/** undefined: this is no state. */
export function decodeState(text: string): CycleState | undefined {
  try {
    return readState(JSON.parse(text));
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    if (error instanceof CodedError && error.family === 'IdentifierError') return undefined;
    throw error;
  }
}

function readState(value: unknown): CycleState {
  const fields = readFields(value);
  const kind = CYCLE_STATES.find((known) => known === fields.kind);
  switch (kind) {
    case undefined:
      return refuse('kind');
    case 'Idle':
    case 'Reporting':
      return { kind };
    case 'Checking':
      return {
        kind,
        ...(fields.before === undefined ? {} : { before: readKnown(fields.before) }),
        ...(fields.medium === undefined ? {} : { medium: readMedium(fields.medium) }),
      };
    case 'AwaitingReboot':
    case 'Finalizing':
      return {
        kind,
        update: readUpdate(fields.update),
        // An earlier version kept none while it finalised: an empty one differs from every real one.
        bootId: fields.bootId === undefined && kind === 'Finalizing' ? '' : readText(fields.bootId),
        ...(fields.trial === undefined ? {} : { trial: readTrial(fields.trial) }),
        ...(fields.waitsSinceMs === undefined ? {} : { waitsSinceMs: readCount(fields.waitsSinceMs) }),
      };
    case 'Probation':
    case 'RollingBack':
    case 'AwaitingRollback':
    case 'FinalizingRollback':
      return readProbation(kind, fields);
    case 'UpdatesAvailable':
    case 'Downloading':
    case 'Downloaded':
    case 'Installing':
      return { kind, update: readUpdate(fields.update) };
  }
}

function readProbation(
  kind: 'Probation' | 'RollingBack' | 'AwaitingRollback' | 'FinalizingRollback',
  fields: Fields,
): CycleState {
  const update = readUpdate(fields.update);
  if (kind === 'Probation') {
    const [trial, sinceMs] = [readTrial(fields.trial), readCount(fields.sinceMs)];
    return { kind, update, bootId: readText(fields.bootId), trial, sinceMs };
  }
  const reason = readText(fields.reason);
  if (kind === 'RollingBack') return { kind, update, reason, tries: readCount(fields.tries) };
  return { kind, update, reason, bootId: readText(fields.bootId) };
}

function readTrial(value: unknown): Trial {
  const { boots, ranMs } = readFields(value);
  return { boots: readCount(boots), ranMs: readCount(ranMs) };
}

function readKnown(value: unknown): KnownUpdate {
  const { kind, update } = readFields(value);
  if (kind !== 'UpdatesAvailable' && kind !== 'Downloaded') return refuse('before');
  return { kind, update: readUpdate(update) };
}

function readUpdate(value: unknown): Update {
  const { correlationId, targets, medium } = readFields(value);
  const id = readText(correlationId);
  return {
    correlationId: id === '' ? '' : parseCorrelationId(id),
    targets: readList(targets).map(readTarget),
    ...(medium === undefined ? {} : { medium: { lockbox: '', ...readMedium(medium) } }),
  };
}

function readMedium(value: unknown): MediumPlace {
  const { directory, lockbox } = readFields(value);
  return {
    directory: readText(directory),
    ...(lockbox === undefined ? {} : { lockbox: readText(lockbox) }),
  };
}

function readTarget(value: unknown): StoredTarget {
  const { name, lengthBytes, hashes, ecus, custom, uri, targetFormat, releaseCounter } = readFields(value);
  return {
    name: parseTargetName(readText(name)),
    lengthBytes: readCount(lengthBytes),
    hashes: readHashes(hashes),
    ecus: readList(ecus).map(readEcu),
    custom: readFields(custom) as JsonObject,
    ...(uri === undefined ? {} : { uri: readText(uri) }),
    ...(targetFormat === undefined ? {} : { targetFormat: readFormat(targetFormat) }),
    ...(releaseCounter === undefined ? {} : { releaseCounter: readCount(releaseCounter) }),
  };
}

function readEcu(value: unknown): readonly [string, string] {
  const [serial, hardwareId] = readList(value);
  return [parseEcuSerial(readText(serial)), parseHardwareId(readText(hardwareId))];
}

function readHashes(value: unknown): Hashes {
  const { sha256, sha512 } = readFields(value);
  return {
    ...(sha256 === undefined ? {} : { sha256: readText(sha256) }),
    ...(sha512 === undefined ? {} : { sha512: readText(sha512) }),
  };
}

function readFormat(value: unknown): 'OSTREE' | 'BINARY' {
  return value === 'OSTREE' || value === 'BINARY' ? value : refuse('targetFormat');
}

function readFields(value: unknown): Fields {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return refuse('object');
  return value as Fields;
}

function readList(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : refuse('list');
}

function readText(value: unknown): string {
  return typeof value === 'string' ? value : refuse('text');
}

function readCount(value: unknown): number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0 ? value : refuse('number');
}

function refuse(what: string): never {
  throw new SyntaxError(`No state of the update cycle: ${what}`);
}
