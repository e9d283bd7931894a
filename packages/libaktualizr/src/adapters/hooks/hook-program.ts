// The integrator's program that is called before and after each stage: hooks.program. It is told the stage by its
// environment, in our names and in those of aktualizr-lite, and the facts as JSON on its standard input. Before a stage
// anything but exit code 0 holds it back. docs/guides/hooks.md; client-features FIO-06.
import { renameSync, writeFileSync } from 'node:fs';
import type { Hooks, Stage, StageEnd, StageFacts } from '../../installing-ports.ts';
import type { InstalledVersion } from '../../ports.ts';
import type { Log } from '../../steps/context.ts';
import { callProgram, wordsOf } from '../process/call-program.ts';

export type HookOptions = {
  readonly program: string;
  readonly timeoutMs: number;
  /** Gets what runs, as lines of shell, for hooks made for aktualizr-lite. */
  readonly currentTargetFile: string;
  readonly log: Log;
};

type When = 'pre' | 'post';

/** Its names for what we have too; the others have none there. */
const LITE_MESSAGES: ReadonlyMap<string, string> = new Map([
  ['check-pre', 'check-for-update-pre'],
  ['check-post', 'check-for-update-post'],
  ['download-pre', 'download-pre'],
  ['download-post', 'download-post'],
  ['install-pre', 'install-pre'],
  ['install-post', 'install-post'],
  ['finalize-pre', 'install-final-pre'],
  ['finalize-post', 'install-post'],
]);

export function createHooks({ program, timeoutMs, currentTargetFile, log }: HookOptions): Hooks {
  const call = (when: When, told: Told, signal?: AbortSignal) => {
    writeCurrentTarget(currentTargetFile, told.facts.current, log);
    return callProgram({
      program,
      environment: { ...environmentOf(when, told), CURRENT_TARGET: currentTargetFile },
      stdin: `${JSON.stringify(factsOf(when, told))}\n`,
      timeoutMs,
      ...(signal === undefined ? {} : { signal }),
    });
  };
  return {
    async before(stage, facts, signal) {
      const end = await call('pre', { stage, facts }, signal);
      return end.code === 0 ? 'go' : { postponed: wordsOf(end) };
    },
    async after(stage, facts, ended) {
      const end = await call('post', { stage, facts, ended });
      if (end.code !== 0) log('warning', `The hook ${stage}-post failed: ${wordsOf(end)}`);
    },
  };
}

type Told = { readonly stage: Stage; readonly facts: StageFacts; readonly ended?: StageEnd };

function environmentOf(when: When, { stage, facts, ended }: Told): Record<string, string> {
  const hook = `${stage}-${when}`;
  const message = LITE_MESSAGES.get(hook);
  const [target] = facts.update?.targets ?? [];
  return {
    AKTUALIZR_HOOK: hook,
    ...(message === undefined ? {} : { MESSAGE: message }),
    ...(target === undefined ? {} : { INSTALL_TARGET_NAME: printable(target.name) }),
    ...(ended === undefined ? {} : { RESULT: liteResult(ended) }),
  };
}

/** TARGET_NAME and CUSTOM_VERSION as aktualizr-lite writes them; empty when nobody knows what runs. */
function writeCurrentTarget(file: string, current: InstalledVersion | undefined, log: Log): void {
  const version = current?.customMeta.version;
  const lines = [
    ['TARGET_NAME', current?.name],
    ['CUSTOM_VERSION', typeof version === 'string' ? version : undefined],
  ].flatMap(([name, value]) => (value === undefined ? [] : [`${name}=${shellQuoted(value)}\n`]));
  try {
    writeFileSync(`${file}.new`, lines.join(''), { mode: 0o644 });
    renameSync(`${file}.new`, file);
  } catch (error) {
    log('warning', `${file} for the hooks was not written: ${error instanceof Error ? error.message : ''}`);
  }
}

function shellQuoted(text: string): string {
  return `'${printable(text).replaceAll("'", `'\\''`)}'`;
}

function liteResult({ success, outcome, detail }: StageEnd): string {
  if (outcome === 'NEED_COMPLETION' || outcome === 'ON_PROBATION') return 'NEEDS_COMPLETION';
  return success ? 'OK' : `FAILED: ${printable(detail)}`;
}

/** No system takes a zero byte in an environment. */
function printable(text: string): string {
  return text.replaceAll('\0', ' ');
}

function factsOf(when: When, { stage, facts: { update, current }, ended }: Told) {
  return {
    hook: `${stage}-${when}`,
    correlationId: update?.correlationId ?? '',
    targets: (update?.targets ?? []).map(({ name, lengthBytes, hashes, ecus, custom }) => ({
      name,
      lengthBytes,
      hashes,
      ecus: ecus.map(([serial, hardwareId]) => ({ serial, hardwareId })),
      custom,
    })),
    current: current === undefined ? null : currentOf(current),
    ...(ended === undefined ? {} : { result: ended }),
  };
}

function currentOf({ name, lengthBytes, hashes, correlationId }: InstalledVersion) {
  return { name, lengthBytes, hashes, correlationId };
}
