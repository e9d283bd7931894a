// Which part of a file a Range header asks for. Anything but one plain range is answered with the whole file, which the
// RFC allows and every client takes. Source: RFC 9110 section 14
import type { ByteRange } from '../../platform/blobs/blob-store.ts';

export type RangeAnswer =
  | { readonly kind: 'whole' }
  | ({ readonly kind: 'part' } & ByteRange)
  | { readonly kind: 'unsatisfiable' };

export function parseRange(header: string | undefined, lengthBytes: number): RangeAnswer {
  const match = /^bytes=(\d{0,15})-(\d{0,15})$/.exec(header?.trim() ?? '');
  if (!match) return { kind: 'whole' };
  const [, from = '', to = ''] = match;
  if (from === '' && to === '') return { kind: 'whole' };
  if (from === '') return lastBytes(Number(to), lengthBytes);
  const first = Number(from);
  const last = to === '' ? lengthBytes - 1 : Math.min(Number(to), lengthBytes - 1);
  if (to !== '' && Number(to) < first) return { kind: 'whole' };
  if (first >= lengthBytes) return { kind: 'unsatisfiable' };
  return { kind: 'part', first, last };
}

function lastBytes(count: number, lengthBytes: number): RangeAnswer {
  if (count === 0 || lengthBytes === 0) return { kind: 'unsatisfiable' };
  return { kind: 'part', first: Math.max(lengthBytes - count, 0), last: lengthBytes - 1 };
}
