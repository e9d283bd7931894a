// Reads the body of an image no faster than the limit of all transfers allows. TLS delivers pieces of 16 KiB; they are put
// where they belong a few at a time, from one buffer, which costs less than each by itself: what is in it when a process is
// killed has to be fetched again, so it is small. Whatever ends the body, what has arrived is put first.
import type { IncomingMessage } from 'node:http';
import { TransportError } from '../../errors.ts';
import { tooLong, tooShort, type Place } from './answered-range.ts';
import { withoutQuery } from './gateway.ts';
import type { RateLimit } from './rate-limit.ts';

const GATHERED_BYTES = 64 * 1024;

export type Taking = {
  readonly url: string;
  readonly name: string;
  readonly place: Place;
  readonly lengthBytes: number;
  /** The bytes are another's as soon as it returns. */
  readonly put: (bytes: Uint8Array, at: number) => void;
  readonly rate: RateLimit;
};

/** @throws TransportError `truncated`; MetadataError `OversizedTarget`, `UndersizedTarget` */
export function take(message: IncomingMessage, taking: Taking): Promise<void> {
  const { url, name, place, lengthBytes, put, rate } = taking;
  return new Promise<void>((resolve, reject) => {
    let at = place.start;
    let stopWaiting = (): void => undefined;
    const gathered = new Gathered(place.start, put);
    const fail = (error: unknown): void => {
      stopWaiting();
      message.destroy();
      reject(error as Error);
    };
    const flushed = (): boolean => {
      try {
        gathered.flush();
        return true;
      } catch (error) {
        fail(error);
        return false;
      }
    };
    message.on('data', (chunk: Buffer) => {
      try {
        if (at + chunk.length > lengthBytes) throw tooLong(name, lengthBytes);
        gathered.add(chunk);
        at += chunk.length;
      } catch (error) {
        return fail(error);
      }
      const waitMs = rate.take(chunk.length);
      if (waitMs < 1) return;
      message.pause();
      stopWaiting = rate.wait(waitMs, () => message.resume());
    });
    message.on('end', () => {
      if (!flushed()) return;
      const isShort = message.statusCode === 200 && at < lengthBytes;
      if (isShort) reject(tooShort(name, at, lengthBytes));
      else resolve();
    });
    message.on('error', (error) => {
      if (flushed()) fail(error);
    });
    message.on('close', () => {
      stopWaiting();
      if (!flushed()) return;
      reject(
        new TransportError(
          'truncated',
          `${withoutQuery(url)} broke off after ${at} of ${lengthBytes} bytes.`,
        ),
      );
    });
  });
}

class Gathered {
  readonly #buffer = new Uint8Array(GATHERED_BYTES);
  readonly #put: Taking['put'];
  #at: number;
  #length = 0;

  constructor(at: number, put: Taking['put']) {
    this.#at = at;
    this.#put = put;
  }

  add(chunk: Uint8Array): void {
    if (this.#length + chunk.length > GATHERED_BYTES) this.flush();
    if (chunk.length > GATHERED_BYTES) return this.#pass(chunk);
    this.#buffer.set(chunk, this.#length);
    this.#length += chunk.length;
  }

  flush(): void {
    const length = this.#length;
    if (length === 0) return;
    this.#length = 0;
    this.#pass(this.#buffer.subarray(0, length));
  }

  #pass(bytes: Uint8Array): void {
    const at = this.#at;
    this.#at += bytes.length;
    this.#put(bytes, at);
  }
}
