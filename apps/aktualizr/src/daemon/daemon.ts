// The daemon as those see it who ask it for something: its status, its verbs, its configuration. One object for the
// loop, the control socket and D-Bus. ARCHITECTURE 4.2 `control`.
import { AbortedError, PollingControl, type Aktualizr, type EventListener } from '@ota-connect/libaktualizr';
import type { Config } from '@ota-connect/libaktualizr/config/config';
import type { ConfigSources } from '@ota-connect/libaktualizr/config/load-toml';
import { perform } from '../commands/perform.ts';
import type { CommandName } from '../commands/index.ts';
import { EXIT_CODES } from '../exit-codes.ts';
import { describeUpdate, failed, type Outcome } from '../outcome.ts';
import { createOutput, type Output } from '../output.ts';
import { readVersion } from '../version.ts';
import type { ControlApi, ControlWord, Performance } from './control-api.ts';
import type { LogTaps } from './log-taps.ts';
import { reloadConfig } from './reload.ts';

export type DaemonParts = {
  readonly aktualizr: Aktualizr;
  readonly config: Config;
  /** Where the configuration is read again. */
  readonly sources: ConfigSources;
  readonly output: Output;
  readonly taps: LogTaps;
  /** Told of each configuration that comes into force. */
  readonly onConfig: (config: Config) => void;
};

export class Daemon implements ControlApi {
  readonly polling = new PollingControl();
  readonly #parts: DaemonParts;
  #config: Config;
  #lastCycle: { readonly at: number; readonly outcome: string } | undefined;

  constructor(parts: DaemonParts) {
    this.#parts = parts;
    this.#config = parts.config;
  }

  get config(): Config {
    return this.#config;
  }

  /** A poll has ended so. */
  note(outcome: string): void {
    this.#lastCycle = { at: Date.now(), outcome };
  }

  status(): Outcome {
    const { state, isPaused, isBusy, deviceId, installed } = this.#parts.aktualizr.status();
    const { failures, nextPollAt } = this.polling;
    const last = this.#lastCycle;
    return {
      command: 'status',
      outcome: isPaused ? 'paused' : isBusy ? 'working' : 'waiting',
      exitCode: EXIT_CODES.ok,
      version: readVersion(),
      pid: process.pid,
      storage: this.#config.storage.path,
      server: this.#config.tls.server,
      registered: installed !== undefined || this.#parts.aktualizr.ecus().length > 0,
      state: state.kind,
      ...(deviceId === undefined ? {} : { deviceId }),
      ecus: this.#parts.aktualizr.ecus().map(({ serial, hardwareId, isPrimary }) => ({
        serial,
        hardwareId,
        isPrimary,
      })),
      ...(installed === undefined
        ? {}
        : { installed: { name: installed.name, hashes: { ...installed.hashes } } }),
      ...('update' in state ? { update: describeUpdate(state.update) } : {}),
      polling: {
        online: this.#config.uptane.enableOnlineUpdates,
        everySeconds: this.#config.uptane.pollingSec,
        failures,
        ...(nextPollAt === undefined ? {} : { next: new Date(nextPollAt).toISOString() }),
      },
      ...(last === undefined
        ? {}
        : { lastPoll: { at: new Date(last.at).toISOString(), outcome: last.outcome } }),
    };
  }

  async perform(command: CommandName, { onLine, signal, ...input }: Performance): Promise<Outcome> {
    const { aktualizr, taps } = this.#parts;
    const output = createOutput(onLine);
    const { isBusy, isPaused } = aktualizr.status();
    if (isPaused) output.log('warning', 'The daemon is paused: this waits until it is resumed.');
    else if (isBusy) output.log('info', 'The daemon is at work: this waits for its turn.');
    const untap = taps.tap(output.log);
    try {
      const outcome = await perform(command, { ...input, aktualizr, output, signal });
      // Whoever asked by hand and got an answer has shown that the server is there.
      if (outcome.exitCode === EXIT_CODES.ok && command !== 'install') this.polling.succeeded();
      return outcome;
    } finally {
      untap();
    }
  }

  async control(word: ControlWord): Promise<Outcome> {
    const { aktualizr, output } = this.#parts;
    if (word === 'reload') return this.reload();
    const outcome =
      word === 'pause' ? aktualizr.pause() : word === 'resume' ? aktualizr.resume() : abort(aktualizr);
    output.print(SAID[outcome]);
    return { command: word, outcome, exitCode: EXIT_CODES.ok };
  }

  /** SIGHUP and `reload`. */
  async reload(): Promise<Outcome> {
    const { output, sources, onConfig } = this.#parts;
    try {
      const { config, changed, later, warnings } = await reloadConfig(sources, this.#config);
      for (const warning of warnings) output.log('warning', warning);
      this.#config = config;
      onConfig(config);
      this.polling.restartPause();
      output.print(
        `Configuration read again: ${changed.length === 0 ? 'nothing changes now' : `${changed.join(', ')} in force`}.`,
      );
      if (later.length > 0)
        output.log('warning', `Only the next start brings ${later.join(', ')} into force.`);
      return { command: 'reload', outcome: 'reloaded', exitCode: EXIT_CODES.ok, changed, later };
    } catch (error) {
      output.fail(error);
      output.log('warning', 'The configuration in force stays as it is.');
      return failed('reload', error);
    }
  }

  subscribe(listener: EventListener): () => void {
    return this.#parts.aktualizr.subscribe(listener);
  }
}

const SAID = {
  paused: 'Paused: nothing is begun any more.',
  already_paused: 'Paused already.',
  resumed: 'Resumed.',
  already_running: 'Nothing was paused.',
  aborted: 'What was under way has been ended.',
  nothing_to_abort: 'Nothing was under way.',
} as const;

function abort(aktualizr: Aktualizr): 'aborted' | 'nothing_to_abort' {
  const { isBusy } = aktualizr.status();
  aktualizr.abort();
  return isBusy ? 'aborted' : 'nothing_to_abort';
}

export function isAbort(error: unknown): boolean {
  return error instanceof AbortedError;
}
