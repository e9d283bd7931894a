// A command that the daemon carries out: the same words, the same outcome, as if this process had done it. It goes there
// only when a daemon answers that serves the same storage; otherwise this process works by itself.
import { realpathSync } from 'node:fs';
import { isJsonObject, type JsonObject } from '@ota-connect/uptane';
import type { AktualizrEvent } from '@ota-connect/libaktualizr';
import type { Config } from '@ota-connect/libaktualizr/config/config';
import type { CommandInput } from '../commands/context.ts';
import type { CommandName } from '../commands/index.ts';
import type { ControlWord } from '../daemon/control-api.ts';
import { EXIT_CODES, type ExitCode } from '../exit-codes.ts';
import { failed, textOf, type Outcome } from '../outcome.ts';
import { LINE_KINDS, type Line, type Output } from '../output.ts';
import { ask, follow } from './client.ts';
import { ControlError } from './control-error.ts';
import { statusLines } from './status-lines.ts';

export type Delegation = CommandInput & {
  readonly config: Config;
  readonly sink: (line: Line) => void;
  readonly onProgress: (event: Extract<AktualizrEvent, { kind: 'DownloadProgressReport' }>) => void;
  readonly stop: AbortSignal;
};

/** What the daemon of this storage says of itself; undefined when there is none. @throws ControlError */
export async function findDaemon({ control, storage }: Config): Promise<JsonObject | undefined> {
  try {
    const status = await ask({ socket: control.socket, method: 'GET', path: 'status' });
    return isSamePlace(status.storage, storage.path) ? status : undefined;
  } catch (error) {
    if (error instanceof ControlError && (error.code === 'no_daemon' || error.code === 'malformed_answer'))
      return undefined;
    throw error;
  }
}

function isSamePlace(theirs: unknown, ours: string): boolean {
  return typeof theirs === 'string' && resolved(theirs) === resolved(ours);
}

function resolved(path: string): string {
  try {
    return realpathSync(path);
  } catch (error) {
    // Unreadable for this user, or not there yet: then the names themselves are compared.
    if (error instanceof Error && 'code' in error) return path;
    throw error;
  }
}

export async function delegate(command: CommandName, delegation: Delegation): Promise<Outcome> {
  const { config, sink, stop, onProgress } = delegation;
  const answer = await follow({
    socket: config.control.socket,
    ...requestOf(command, delegation),
    signal: stop,
    onEvent: (event, data) => {
      const line = event === 'line' ? lineOf(data) : undefined;
      if (line !== undefined) sink(line);
      const { target, percent } = data;
      if (event === 'DownloadProgressReport' && typeof target === 'string' && typeof percent === 'number')
        onProgress({ kind: 'DownloadProgressReport', target, percent });
    },
  });
  return outcomeOf(command, answer);
}

function requestOf(
  command: CommandName,
  { campaignId = '', directory }: CommandInput,
): { readonly method: 'GET' | 'POST'; readonly path: string; readonly body?: JsonObject } {
  if (command === 'campaign_check') return { method: 'GET', path: 'campaigns' };
  const answer = /^campaign_(.+)$/.exec(command)?.[1];
  if (answer !== undefined)
    return { method: 'POST', path: `campaigns/${encodeURIComponent(campaignId)}/${answer}` };
  const body = directory === undefined ? {} : { body: { directory } };
  return { method: 'POST', path: command.replaceAll('_', '-'), ...body };
}

/** `status`, `pause`, `resume`, `abort`, `reload`. */
export async function control(
  word: ControlWord | 'status',
  config: Config,
  output: Output,
): Promise<Outcome> {
  const status = config.control.socket === '' ? undefined : await findDaemon(config);
  if (status === undefined) {
    const where = config.control.socket === '' ? 'control.socket is empty' : config.control.socket;
    throw new ControlError(
      'no_daemon',
      `No daemon answers for the storage ${config.storage.path} (${where}); aktualizr-info tells what is stored.`,
    );
  }
  if (word === 'status') {
    for (const line of statusLines(status)) output.print(line);
    return outcomeOf('status', status);
  }
  const answer = await ask({ socket: config.control.socket, method: 'POST', path: word });
  const outcome = outcomeOf(word, answer);
  if (isJsonObject(answer.error)) output.fail(new ControlError('refused', textOf(answer.error.message)));
  else output.print(`The daemon: ${outcome.outcome.replaceAll('_', ' ')}.`);
  for (const key of ['changed', 'later'] as const) {
    const names = answer[key];
    if (Array.isArray(names) && names.length > 0)
      output.print(`${key === 'changed' ? 'In force' : 'From the next start on'}: ${names.join(', ')}`);
  }
  return outcome;
}

function lineOf({ kind, text }: JsonObject): Line | undefined {
  const known = LINE_KINDS.find((one) => one === kind);
  return known === undefined || typeof text !== 'string' ? undefined : { kind: known, text };
}

const CODES: ReadonlySet<unknown> = new Set(Object.values(EXIT_CODES));

function outcomeOf(command: string, answer: JsonObject): Outcome {
  const { outcome, exitCode } = answer;
  if (typeof outcome !== 'string' || !CODES.has(exitCode))
    return failed(command, new ControlError('malformed_answer', 'The daemon answered what is no outcome.'));
  return { ...answer, command, outcome, exitCode: exitCode as ExitCode };
}
