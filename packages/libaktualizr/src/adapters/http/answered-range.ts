// Where the bytes of an answer belong, told from its head before any of them is written: a server may answer with the whole
// image, with another range than was asked for, with an image of another length, or with a page that is no image at all.
// None of these takes away what has arrived. client-protocol 3.5.
import type { IncomingMessage } from 'node:http';
import { MetadataError } from '@ota-connect/uptane';
import { TransportError } from '../../errors.ts';
import type { ByteRange } from '../files/partial-file.ts';
import { dismiss } from './client.ts';
import { httpStatus, withoutQuery } from './gateway.ts';

export type Asked = {
  readonly name: string;
  readonly url: string;
  readonly lengthBytes: number;
  readonly range: ByteRange;
};

/** Where the body begins, and how many bytes it announces. */
export type Place = { readonly start: number; readonly announced: number | undefined };

/**
 * `no_range`: only the whole can be asked for here; the answer is dismissed. @throws TransportError `http_status`,
 * `malformed`; MetadataError `OversizedTarget`, `UndersizedTarget`
 */
export async function placeOf(message: IncomingMessage, asked: Asked): Promise<Place | 'no_range'> {
  try {
    const place = read(message, asked);
    if (place === 'no_range') await dismiss(message);
    return place;
  } catch (error) {
    message.destroy();
    throw error;
  }
}

function read(message: IncomingMessage, asked: Asked): Place | 'no_range' {
  const { url, range, lengthBytes } = asked;
  const status = message.statusCode ?? 0;
  const isPart = range.start > 0 || range.end < lengthBytes;
  if (status === 416 && isPart) return 'no_range';
  if (status !== 200 && status !== 206) {
    throw httpStatus({ status, headers: message.headers, body: new Uint8Array() }, url);
  }
  const length = message.headers['content-length'];
  const announced = length === undefined ? undefined : Number(length);
  expectNoPage(message, asked, announced);
  if (status === 200) {
    if (announced !== undefined) expectLength(announced, asked);
    return { start: 0, announced };
  }
  const [, first, total] =
    /^bytes (\d{1,15})-\d{1,15}\/(\d{1,15}|\*)$/.exec(message.headers['content-range'] ?? '') ?? [];
  if (total !== undefined && total !== '*') expectLength(Number(total), asked);
  // A gap cannot be filled later; what lies before the range is compared with what is there.
  if (first === undefined || Number(first) > range.start) return isPart ? 'no_range' : refuseRange(url);
  return { start: Number(first), announced };
}

function refuseRange(url: string): never {
  throw new TransportError(
    'malformed',
    `${withoutQuery(url)} answered with another range than was asked for.`,
  );
}

function expectLength(length: number, { lengthBytes, name }: Asked): void {
  if (length > lengthBytes) throw tooLong(name, lengthBytes);
  if (length < lengthBytes) throw tooShort(name, length, lengthBytes);
}

/** Portals and load balancers answer with a page and status 200: that is the network's fault, which passes. */
function expectNoPage(
  message: IncomingMessage,
  { name, url, lengthBytes }: Asked,
  announced: number | undefined,
): void {
  const isPage = /^text\/html\b/i.test(message.headers['content-type'] ?? '') && !/\.html?$/i.test(name);
  if (!isPage || message.statusCode !== 200 || announced === lengthBytes) return;
  throw new TransportError(
    'malformed',
    `${withoutQuery(url)} answered with a web page in place of the image.`,
    {
      details: { reason: 'web_page' },
    },
  );
}

export function tooLong(target: string, lengthBytes: number): MetadataError {
  return new MetadataError(
    'OversizedTarget',
    `The image is longer than the ${lengthBytes} bytes that are signed.`,
    {
      details: { target },
    },
  );
}

export function tooShort(target: string, found: number, lengthBytes: number): MetadataError {
  return new MetadataError(
    'UndersizedTarget',
    `The image is ${found} bytes long, ${lengthBytes} are signed.`,
    {
      details: { target },
    },
  );
}
