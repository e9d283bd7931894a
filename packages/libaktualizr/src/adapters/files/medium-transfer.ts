// An image of a medium, read as if a server answered: with its length, or from a byte on, so that a copy is verified,
// accounted for and resumed by the same code as a download. client-protocol 12.1, 12.3 step 7
import { createReadStream } from 'node:fs';
import type { IncomingMessage } from 'node:http';
import { pathToFileURL } from 'node:url';
import { TransportError } from '../../errors.ts';
import type { ImageMedium } from '../../ports.ts';
import type { HttpClient } from '../http/client.ts';
import { RateLimit } from '../http/rate-limit.ts';
import { ofMedium, openBelow } from './medium.ts';

type Transfers = Pick<HttpClient, 'stream' | 'rate'>;

export function mediumUrl({ imagesDirectory }: ImageMedium, name: string): string {
  return pathToFileURL(`${imagesDirectory}/${name.split('/').map(encodeURIComponent).join('/')}`).href;
}

/** Gives the image of that name, whatever address is asked for. */
export function transferFrom({ directory }: ImageMedium, name: string): Transfers {
  const path = ['images', ...name.split('/')];
  return {
    rate: new RateLimit(0),
    async stream({ headers = {} }, consume, signal) {
      signal?.throwIfAborted();
      const opened = openBelow(directory, path);
      if (opened === 'absent') {
        const message = `The image "${name}" is not on the medium, or the medium is gone.`;
        throw new TransportError('unreachable', message, { details: { reason: 'medium' } });
      }
      const { descriptor, lengthBytes } = opened;
      const [, first = '0', last = ''] = /^bytes=(\d+)-(\d*)$/.exec(headers.Range ?? '') ?? [];
      const start = Number(first);
      const end = last === '' ? lengthBytes - 1 : Math.min(Number(last), lengthBytes - 1);
      const isPart = headers.Range !== undefined;
      const range = isPart && start >= lengthBytes ? {} : { start, end: Math.max(start, end) };
      const file = createReadStream('', { fd: descriptor, ...range, ...(signal && { signal }) });
      const message = Object.assign(file, headOf({ start, end, lengthBytes, isPart }));
      try {
        // What is read of an IncomingMessage is here.
        return await consume(message as unknown as IncomingMessage);
      } catch (error) {
        if (signal?.aborted) throw signal.reason;
        throw ofMedium(error, path);
      } finally {
        file.destroy();
      }
    },
  };
}

type Part = {
  readonly start: number;
  readonly end: number;
  readonly lengthBytes: number;
  readonly isPart: boolean;
};

function headOf({ start, end, lengthBytes, isPart }: Part) {
  if (!isPart) return { statusCode: 200, headers: { 'content-length': String(lengthBytes) } };
  if (start >= lengthBytes) return { statusCode: 416, headers: {} };
  const length = { 'content-length': String(end - start + 1) };
  return { statusCode: 206, headers: { ...length, 'content-range': `bytes ${start}-${end}/${lengthBytes}` } };
}
