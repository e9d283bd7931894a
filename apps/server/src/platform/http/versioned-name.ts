// Metadata under VERSION.NAME: the part of a route that stands for VERSION.
// Source: Uptane Standard #metadata_filename_rules

export const VERSION = ':version(^[1-9]\\d{0,8})';
export type Versioned = { readonly Params: { readonly version: string } };
