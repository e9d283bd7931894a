// Members of one object that were written one after the other → the same bytes in the order of their names.
import { compareNamesAt } from './json-names.ts';

/** The bytes that hold the members, and some to work in, used again and again. */
export type Ordering = { readonly output: Buffer; readonly length: number; spare: Buffer };

type Span = { readonly start: number; readonly end: number };

/** So many names are sorted in place. */
const FEW = 8;
const SHORT = 64;

/** The members stand at the end of the output, each with its comma. */
export function orderMembers(ordering: Ordering, places: readonly number[]): void {
  const { output, length } = ordering;
  const start = places[0] ?? length;
  const size = length - start;
  if (ordering.spare.length < size) ordering.spare = Buffer.allocUnsafeSlow(size * 2);
  const { spare } = ordering;
  const order = sorted(output, places);
  let to = 0;
  for (const index of order) {
    to += copy(output, { start: places[index] ?? 0, end: places[index + 1] ?? length }, spare, to);
  }
  copy(spare, { start: 0, end: size }, output, start);
}

/** Indexes of the places in the order of the names there. */
function sorted(output: Buffer, places: readonly number[]): readonly number[] {
  const order = places.map((_, index) => index);
  const compare = (a: number, b: number): number => compareNamesAt(output, places[a] ?? 0, places[b] ?? 0);
  if (order.length > FEW) return order.sort(compare);
  for (let end = 1; end < order.length; end += 1) {
    for (let at = end; at > 0 && compare(order[at - 1] ?? 0, order[at] ?? 0) > 0; at -= 1) {
      [order[at - 1], order[at]] = [order[at] ?? 0, order[at - 1] ?? 0];
    }
  }
  return order;
}

/** Short pieces are copied faster here than by a call. Gives the length. */
function copy(from: Buffer, { start, end }: Span, to: Buffer, at: number): number {
  if (end - start > SHORT) from.copy(to, at, start, end);
  else for (let offset = 0; offset < end - start; offset += 1) to[at + offset] = from[start + offset] ?? 0;
  return end - start;
}
