// What counts as a secret in the configuration of a device: by the name of a setting, or by what a text shows. In doubt a
// text is one. Source: client-protocol 3.9 (`p11.pass`, `provision.p12_password`)

const REDACTED = '[redacted]';
/** Anywhere in a name, without regard to case and separators. */
const SECRET_PARTS =
  /pass|pwd|passwd|secret|token|credential|apikey|accesskey|privkey|privatekey|pkeypem|psk/;
const SECRET_WORDS: ReadonlySet<string> = new Set([
  'pin',
  'pins',
  'auth',
  'authorization',
  'cookie',
  'key',
  'sig',
  'signature',
]);
/** Such a setting says where a secret is, not what it is. */
const PLACES = /(?:path|file|dir|directory|source|type|algorithm)$/;

/** One part of a dotted key, escapes resolved. */
export function isSecretName(name: string): boolean {
  const bare = name.toLowerCase().replaceAll(/[^a-z0-9]/g, '');
  if (PLACES.test(bare)) return false;
  const words = name
    .replaceAll(/([a-z0-9])([A-Z])/g, '$1 $2')
    .toLowerCase()
    .split(/[^a-z0-9]+/);
  return SECRET_PARTS.test(bare) || (words.length < 8 && words.includes('pin')) || SECRET_WORDS.has(bare);
}

/** A text of an ordinary setting without what is secret in it; the same text when nothing is. */
export function withoutSecrets(text: string): string {
  if (/PRIVATE KEY-----/.test(text) || namesSecret(text)) return REDACTED;
  return text.replaceAll(/(:\/\/)([^\s"'<>]+)/g, (_found, mark: string, rest: string) => {
    return mark + withoutUser(rest);
  });
}

/** `name=value` or `name: value` somewhere in it, as in a query or a command line. */
export function namesSecret(text: string): boolean {
  for (const { index } of text.matchAll(/[=:]/g)) {
    const before = text.slice(Math.max(0, index - 80), index);
    const name = /([\w.-]+)["' \t]*$/.exec(before)?.[1];
    const value = /\S/.exec(text.slice(index + 1, index + 80));
    if (name !== undefined && value !== null && isSecretName(name)) return true;
  }
  return false;
}

/**
 * Behind `scheme://`: user and password in front of the host go. A password may hold what should have been escaped, so what
 * looks like one goes up to the last `@`.
 */
function withoutUser(rest: string): string {
  const authority = /^[^/?#]*/.exec(rest)?.[0] ?? '';
  const hasUser = authority.includes('@') || /:(?!\d*$)/.test(authority);
  const end = hasUser ? rest.lastIndexOf('@') : -1;
  return end < 0 ? rest : REDACTED + rest.slice(end);
}
