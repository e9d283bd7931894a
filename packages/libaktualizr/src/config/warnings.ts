// What is wrong in a configuration without stopping a device: deployed files carry typos. `--check-config` takes each
// of these for an error. client-features W-28.

export type WarningCode =
  | 'unknown_section'
  | 'unknown_key'
  | 'bad_value'
  | 'not_toml'
  | 'repeated_key'
  | 'unreadable_line'
  | 'no_files';

export type ConfigWarning = {
  readonly code: WarningCode;
  readonly file: string;
  readonly line: number | undefined;
  /** One sentence that begins with file and line. */
  readonly message: string;
};

export function warningAt(
  code: WarningCode,
  place: { readonly file: string; readonly line: number | undefined },
  text: string,
): ConfigWarning {
  const where = place.line === undefined ? place.file : `${place.file}:${place.line}`;
  return { code, ...place, message: `${where}: ${text}` };
}
