// Lists of the user API are pages behind an opaque cursor: `?limit&cursor` asks, `{values, nextCursor?}` answers.
// A page without nextCursor is the last one.

export const DEFAULT_PAGE_SIZE = 50;
export const MAX_PAGE_SIZE = 1000;

export type Page<T> = { readonly values: readonly T[]; readonly nextCursor?: string };
