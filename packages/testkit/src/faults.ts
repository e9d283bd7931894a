// Fault points: the n-th call of any method of an object (and of the objects in it) fails, or the power goes at it, after
// which every call fails; and a network that drops, delays, cuts or flips what a server answers.
import type { IncomingMessage, ServerResponse } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  notFound,
  readRequest,
  sendAnswer,
  type Answerer,
  type HttpAnswer,
  type HttpRequest,
} from './http-answers.ts';

/** Nobody may catch and survive it: whoever runs the power-cut test starts anew. */
export class PowerCut extends Error {
  override readonly name = 'PowerCut';
}

export type FaultPlan = {
  /** The call that fails, counted from 1; absent: calls are counted only. */
  readonly at?: number;
  readonly kind: 'throw' | 'power cut';
  /** Whether the work of that call is done before it fails. */
  readonly when?: 'before' | 'after';
  readonly error?: () => Error;
  /** Which calls are points, by their paths; all when absent. */
  readonly counts?: (path: string) => boolean;
};

/** Counts the calls of everything that is wrapped with it. */
export class FaultPoints {
  readonly calls: string[] = [];
  readonly #plan: FaultPlan;
  #isOff = false;

  constructor(plan: FaultPlan = { kind: 'throw' }) {
    this.#plan = plan;
  }

  /** The same object, its methods being fault points. Objects in its members are wrapped too; results are not. */
  wrap<T extends object>(target: T, label: string = ''): T {
    return new Proxy(target, {
      get: (object, name) => {
        const value: unknown = Reflect.get(object, name, object);
        const path = label === '' ? String(name) : `${label}.${String(name)}`;
        if (typeof value === 'function')
          return (...args: unknown[]) =>
            this.#call(path, () => Reflect.apply(value, object, args) as unknown);
        return typeof value === 'object' && value !== null ? this.wrap(value, path) : value;
      },
    });
  }

  #call(path: string, work: () => unknown): unknown {
    if (this.#isOff) throw new PowerCut(`no power at ${path}`);
    if (this.#plan.counts?.(path) === false) return work();
    this.calls.push(path);
    if (this.calls.length !== this.#plan.at) return work();
    if (this.#plan.kind === 'power cut') this.#isOff = true;
    const failure = this.#failure(path);
    if (this.#plan.when !== 'after') throw failure;
    const result = work();
    if (!(result instanceof Promise)) throw failure;
    return result.then(() => {
      throw failure;
    });
  }

  #failure(path: string): Error {
    if (this.#plan.kind === 'power cut') return new PowerCut(`power cut at ${path}`);
    return this.#plan.error?.() ?? new Error(`fault at ${path}`);
  }
}

export type HttpFault =
  | { readonly kind: 'drop' }
  | { readonly kind: 'delay'; readonly ms: number }
  | { readonly kind: 'status'; readonly status: number }
  /** Promises the whole body, sends so many bytes, closes the connection. */
  | { readonly kind: 'truncate'; readonly afterBytes: number }
  | { readonly kind: 'flip bit'; readonly byte: number };

/** A listener over an answerer; `faultOf` says for each request what goes wrong, if anything. */
export function faultyListener(
  answer: Answerer,
  faultOf: (request: HttpRequest) => HttpFault | undefined,
): (message: IncomingMessage, response: ServerResponse) => Promise<void> {
  return async (message, response) => {
    const request = await readRequest(message);
    const fault = faultOf(request);
    if (fault?.kind === 'drop') {
      message.socket.destroy();
      return;
    }
    if (fault?.kind === 'delay') await sleep(fault.ms);
    const whole = (await answer(request)) ?? notFound();
    if (fault?.kind === 'truncate') sendTruncated(response, whole, fault.afterBytes);
    else sendAnswer(response, spoil(whole, fault));
  };
}

function spoil(answer: HttpAnswer, fault: HttpFault | undefined): HttpAnswer {
  if (fault?.kind === 'status') return { status: fault.status, headers: {}, body: new Uint8Array() };
  return fault?.kind === 'flip bit' ? { ...answer, body: flipBit(answer.body, fault.byte) } : answer;
}

function sendTruncated(response: ServerResponse, answer: HttpAnswer, afterBytes: number): void {
  response.writeHead(answer.status, { ...answer.headers, 'content-length': answer.body.byteLength });
  response.write(answer.body.subarray(0, afterBytes), () => response.destroy());
}

/** A copy with one bit changed. */
export function flipBit(bytes: Uint8Array, byte: number, bit: number = 0): Uint8Array {
  const copy = bytes.slice();
  copy[byte] = (copy[byte] ?? 0) ^ (1 << bit);
  return copy;
}
