// The daemon's loop: device data until the server has them, then one update cycle after each pause. A cycle that fails,
// for whatever reason, is told and the loop goes on with longer pauses: what a server sent once ends no device. It ends
// when asked to, or when an installation needs the reboot that the caller may trigger. client-protocol 6.2; client-features W-01.
import { CodedError } from '@ota-connect/uptane';
import type { Aktualizr } from './aktualizr.ts';
import { AbortedError } from './command-queue.ts';
import { nextPause } from './polling/next-pause.ts';
import { pauseUntilDue } from './polling/poll-pause.ts';
import { PollingControl } from './polling/polling-control.ts';
import type { PollingSettings } from './polling/polling-settings.ts';
import type { Clock } from './ports.ts';
import type { CycleResult } from './results.ts';

export type LoopOptions = {
  readonly clock: Clock;
  /** Asked before each poll and each pause. */
  readonly polling: () => PollingSettings;
  readonly signal: AbortSignal;
  readonly onCycle: (result: CycleResult) => void;
  readonly onError: (error: unknown) => void;
  /** Asked after each poll that leaves a reboot due, whether the loop ends for it: uptane.force_install_completion. */
  readonly endWhenRebootNeeded: () => boolean | Promise<boolean>;
  /** For whoever wants to end a pause or the loop. */
  readonly control?: PollingControl;
  /** From 0 up to 1; `Math.random` when absent. */
  readonly random?: () => number;
};

/** `ended`: `control.end` was called. */
export type LoopEnd = 'stopped' | 'ended' | 'reboot_needed';

/** The connection is kept over shorter pauses: less than what servers and middle boxes keep one. */
const REST_FROM_MS = 30_000;
/** Without polls nothing is waited for but what ends the pause. */
const NO_POLL_MS = 2 ** 31 - 1;

type Loop = LoopOptions & {
  readonly aktualizr: Aktualizr;
  readonly control: PollingControl;
  readonly random: () => number;
};

/** Resolves when the signal aborts (`stopped`), when the control ends the loop, or when a reboot is due. */
export async function runForever(aktualizr: Aktualizr, options: LoopOptions): Promise<LoopEnd> {
  const loop = { control: new PollingControl(), random: Math.random, ...options, aktualizr };
  const { signal, polling } = loop;
  let hasSentData = false;
  while (!signal.aborted) {
    if ((await settle(loop)) === 'reboot_needed') return 'reboot_needed';
    if (polling().isOnline) {
      const polled = await poll(loop, hasSentData);
      if (polled === 'reboot_needed') return polled;
      hasSentData ||= polled === 'has_sent_data';
    }
    if ((await pause(loop)) === 'end') return 'ended';
  }
  return 'stopped';
}

/** What needs no network comes first: a version that has cut the device off is found out by this, and taken back. */
async function settle({
  aktualizr,
  signal,
  onError,
  endWhenRebootNeeded,
}: Loop): Promise<'reboot_needed' | 'settled'> {
  try {
    await aktualizr.settleInstallation({ signal });
    if (aktualizr.needsReboot() && (await endWhenRebootNeeded())) return 'reboot_needed';
  } catch (error) {
    if (!signal.aborted) onError(error);
  }
  return 'settled';
}

async function poll(
  { aktualizr, control, signal, polling, onCycle, onError, endWhenRebootNeeded }: Loop,
  hasSentData: boolean,
): Promise<'reboot_needed' | 'has_sent_data' | 'failed'> {
  let hasSent = hasSentData;
  try {
    if (!hasSent) hasSent = await aktualizr.sendDeviceData({ signal });
    const result = await aktualizr.uptaneCycle({ signal, manifestMaxAgeMs: polling().manifestMaxAgeMs });
    onCycle(result);
    if (isSettled(result)) await aktualizr.removeOldImages({ signal });
    if (aktualizr.needsReboot() && (await endWhenRebootNeeded())) return 'reboot_needed';
    await aktualizr.flushReports({ signal });
    // What was not fetched is asked for again and again, until the attempts are used up.
    if (result.download?.kind === 'failed') control.failed(retryAfterOf(result.download.error));
    else control.succeeded();
  } catch (error) {
    if (signal.aborted) return 'failed';
    // A person who ends a cycle says nothing of the server.
    if (!(error instanceof AbortedError)) control.failed(retryAfterOf(error));
    onError(error);
  }
  return hasSent ? 'has_sent_data' : 'failed';
}

/** The server wants nothing else for now, so that what is neither installed nor wanted can go. */
function isSettled({ check, install }: CycleResult): boolean {
  return check.kind === 'nothing_new' || install?.kind === 'installed';
}

async function pause(loop: Loop): Promise<'end' | 'poll'> {
  const { aktualizr, clock, control, polling, random, signal } = loop;
  while (!signal.aborted) {
    const settings = polling();
    const { failures, retryAfterSeconds } = control;
    const ms = settings.isOnline
      ? nextPause(settings, { failures, retryAfterSeconds, random: random() })
      : NO_POLL_MS;
    if (ms >= REST_FROM_MS) aktualizr.rest();
    const mayEnd = control.beginPause(settings.isOnline ? clock.now() + ms : undefined);
    const end = await pauseUntilDue({ clock, ms, random, signal: AbortSignal.any([signal, mayEnd]) });
    const why = control.endPause();
    if (why === 'end') return 'end';
    if (why === 'poll' || (end === 'due' && settings.isOnline)) return 'poll';
  }
  return 'poll';
}

function retryAfterOf(error: unknown): number | undefined {
  const seconds = error instanceof CodedError ? error.details.retryAfterSeconds : undefined;
  return typeof seconds === 'number' && seconds > 0 ? seconds : undefined;
}
