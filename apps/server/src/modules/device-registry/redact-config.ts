// A device sends its whole effective configuration, passwords included. Their values are blanked before anything is
// stored; everything else stays as it was sent.
// Source: client-protocol 3.9 (`p11.pass`, `provision.p12_password`)

const REDACTED = '"[redacted]"';
/** A key whose last part is a secret's name, with or without table and quotes, and the value behind it. */
const SECRET_VALUE = new RegExp(
  String.raw`((?:^|[\n{,])[ \t]*(?:[\w-]+[ \t]*\.[ \t]*)*["']?` +
    String.raw`(?:pass|pin|[\w-]*(?:password|passphrase|secret|token|private_?key))["']?[ \t]*=[ \t]*)` +
    String.raw`("""[\s\S]*?"""|'''[\s\S]*?'''|"(?:\\.|[^"\\\n])*"|'[^'\n]*'|[^\s,}#]*)`,
  'gi',
);

export function redactConfig(toml: string): string {
  return toml.replace(SECRET_VALUE, (found, key: string, value: string) =>
    value === '""' ? found : key + REDACTED,
  );
}
