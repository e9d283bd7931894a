// Lists are pages: a store is asked for one row more than the page holds, and that row tells that there is a next page.
import { DEFAULT_PAGE_SIZE, type Page } from '@ota-connect/contract';
import type { PageQuery } from '@ota-connect/contract/user';

export function pageLimit(query: PageQuery): number {
  return query.limit ?? DEFAULT_PAGE_SIZE;
}

/** `rows`: up to `limit + 1` in list order; `cursor` names a row so that the store can go on behind it. */
export function toPage<Row, Value>(
  rows: readonly Row[],
  limit: number,
  read: { readonly cursor: (row: Row) => string; readonly value: (row: Row) => Value },
): { values: Value[]; nextCursor?: string } & Page<Value> {
  const shown = rows.slice(0, limit);
  const last = shown.at(-1);
  const values = shown.map(read.value);
  return rows.length > limit && last !== undefined ? { values, nextCursor: read.cursor(last) } : { values };
}
