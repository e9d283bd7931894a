// A plugged-in Secondary, held to its promises: whatever its driver throws becomes a SecondaryError, and a question that
// is never answered ends after a time. So no driver can end the Primary's update cycle or hold it up for ever.
// client-features W-48; ports.ts
import { CodedError } from '@ota-connect/uptane';
import { SecondaryError } from '../errors.ts';
import type { Secondary } from '../ports.ts';

export type GuardLimits = {
  /** For an answer that needs no work: is it there, what does it run, which Root has it. */
  readonly answerMs: number;
  /** For a verification on a small ECU. */
  readonly verifyMs: number;
  /** For a transfer over a slow bus, and for an installation. */
  readonly workMs: number;
};

const LIMITS: GuardLimits = { answerMs: 30_000, verifyMs: 120_000, workMs: 3_600_000 };

export function guarded(secondary: Secondary, limits: GuardLimits = LIMITS): Secondary {
  const { identity } = secondary;
  const { answerMs, verifyMs, workMs } = limits;
  const guard = <T>(limitMs: number, signal: AbortSignal, call: (signal: AbortSignal) => Promise<T>) =>
    withinTime(identity.serial, { limitMs, signal }, call);
  return {
    identity,
    ping: (signal) => guard(answerMs, signal, (ends) => secondary.ping(ends)),
    manifest: (signal) => guard(answerMs, signal, (ends) => secondary.manifest(ends)),
    rootVersion: (repository, signal) =>
      guard(answerMs, signal, (ends) => secondary.rootVersion(repository, ends)),
    putRoot: (repository, root, signal) =>
      guard(verifyMs, signal, (ends) => secondary.putRoot(repository, root, ends)),
    putMetadata: (files, signal) => guard(verifyMs, signal, (ends) => secondary.putMetadata(files, ends)),
    sendImage: (target, image, signal) =>
      guard(workMs, signal, (ends) => secondary.sendImage(target, image, ends)),
    install: (target, signal) => guard(workMs, signal, (ends) => secondary.install(target, ends)),
  };
}

async function withinTime<T>(
  serial: string,
  { limitMs, signal }: { readonly limitMs: number; readonly signal: AbortSignal },
  call: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  signal.throwIfAborted();
  const late = new AbortController();
  const ends = AbortSignal.any([signal, late.signal]);
  const timer = setTimeout(() => late.abort(tooLate(serial, limitMs)), limitMs);
  const { promise: ended, reject } = Promise.withResolvers<never>();
  const onAbort = () => reject(ends.reason as Error);
  ends.addEventListener('abort', onAbort, { once: true });
  try {
    return await Promise.race([call(ends), ended]);
  } catch (error) {
    signal.throwIfAborted();
    throw asSecondaryError(serial, error);
  } finally {
    clearTimeout(timer);
    ends.removeEventListener('abort', onAbort);
  }
}

function asSecondaryError(serial: string, error: unknown): SecondaryError {
  if (error instanceof SecondaryError) return error;
  // Of a driver that has its own copy of this library.
  if (error instanceof CodedError && error.family === 'SecondaryError' && error.code === 'unreachable')
    return new SecondaryError('unreachable', error.message, { cause: error, details: { ecu: serial } });
  const why = error instanceof Error ? error.message : String(error);
  return new SecondaryError('failed', `The driver of ${serial} failed: ${why}`, {
    cause: error,
    details: { ecu: serial },
  });
}

function tooLate(serial: string, limitMs: number): SecondaryError {
  const message = `${serial} did not answer within ${limitMs / 1000} s.`;
  return new SecondaryError('unreachable', message, { details: { ecu: serial } });
}
