// The shape of JSON, structurally equal to the one of the Uptane core, so that values pass between both without a cast.

export type Json = null | boolean | number | string | readonly Json[] | JsonFields;
export type JsonFields = { readonly [key: string]: Json };
