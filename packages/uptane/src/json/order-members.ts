// Members of one object that were written one after the other → the same bytes in the order of their names.
import { compareNamesAt } from './json-names.ts';

/** The bytes that hold the members, and some to work in, used again and again. */
export type Ordering = {
  readonly output: Buffer;
  readonly length: number;
  /** The large containers written so far, in the order in which they ended. */
  readonly large: Span[];
  spare: Buffer;
};

export type Span = { readonly start: number; readonly end: number };

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
  const moved = new Int32Array(places.length);
  let to = 0;
  for (const index of order) {
    moved[index] = start + to - (places[index] ?? 0);
    to += copy(output, { start: places[index] ?? 0, end: places[index + 1] ?? length }, spare, to);
  }
  copy(spare, { start: 0, end: size }, output, start);
  moveLarge(ordering.large, places, moved);
}

/** What stands in the members has moved with them; it ended last. `moved`: how far each did. */
function moveLarge(large: Span[], places: readonly number[], moved: Int32Array): void {
  const first = places[0] ?? 0;
  for (let last = large.length - 1; last >= 0; last -= 1) {
    const { start, end } = large[last] ?? { start: -1, end: -1 };
    if (start < first) return;
    const by = moved[indexOfMember(places, start)] ?? 0;
    large[last] = { start: start + by, end: end + by };
  }
}

/** The last one that begins no later. */
function indexOfMember(places: readonly number[], at: number): number {
  let low = 0;
  let high = places.length;
  while (high - low > 1) {
    const middle = (low + high) >>> 1;
    if ((places[middle] ?? 0) <= at) low = middle;
    else high = middle;
  }
  return low;
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
