// Reads the body of an image: each piece is where it belongs before the next is read, so that memory does not grow with the
// image, and no faster than the limit of all transfers allows.
import type { IncomingMessage } from 'node:http';
import { TransportError } from '../../errors.ts';
import { tooLong, tooShort, type Place } from './answered-range.ts';
import { withoutQuery } from './gateway.ts';
import type { RateLimit } from './rate-limit.ts';

export type Taking = {
  readonly url: string;
  readonly name: string;
  readonly place: Place;
  readonly lengthBytes: number;
  readonly put: (chunk: Uint8Array, at: number) => void;
  readonly rate: RateLimit;
};

/** @throws TransportError `truncated`; MetadataError `OversizedTarget`, `UndersizedTarget` */
export function take(message: IncomingMessage, taking: Taking): Promise<void> {
  const { url, name, place, lengthBytes, put, rate } = taking;
  return new Promise<void>((resolve, reject) => {
    let at = place.start;
    let stopWaiting = (): void => undefined;
    const fail = (error: unknown): void => {
      stopWaiting();
      message.destroy();
      reject(error as Error);
    };
    message.on('data', (chunk: Buffer) => {
      try {
        if (at + chunk.length > lengthBytes) throw tooLong(name, lengthBytes);
        put(chunk, at);
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
      const isShort = message.statusCode === 200 && at < lengthBytes;
      if (isShort) reject(tooShort(name, at, lengthBytes));
      else resolve();
    });
    message.on('error', fail);
    message.on('close', () => {
      stopWaiting();
      reject(
        new TransportError(
          'truncated',
          `${withoutQuery(url)} broke off after ${at} of ${lengthBytes} bytes.`,
        ),
      );
    });
  });
}
