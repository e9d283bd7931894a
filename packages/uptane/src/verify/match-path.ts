// Path patterns of delegations: shell patterns as fnmatch reads them without flags, so that `*` also crosses `/` and a
// leading dot is nothing special. Linear in the text for each star: a pattern from outside cannot make it run away.
// Source: Uptane Standard #delegations; POSIX fnmatch; TUF specification 4.5
type Token =
  | { readonly kind: 'star' }
  | { readonly kind: 'one'; readonly accepts: (character: string) => boolean };

export function matchesPath(pattern: string, name: string): boolean {
  const tokens = tokenize(Array.from(pattern));
  const text = Array.from(name);
  let at = 0;
  let t = 0;
  let retry: { t: number; at: number } | undefined;
  while (at < text.length) {
    const token = tokens[t];
    if (token?.kind === 'star') {
      retry = { t: t + 1, at };
      t += 1;
    } else if (token?.accepts(text[at] ?? '') === true) {
      t += 1;
      at += 1;
    } else if (retry !== undefined) {
      retry = { t: retry.t, at: retry.at + 1 };
      ({ t, at } = retry);
    } else {
      return false;
    }
  }
  return tokens.slice(t).every((token) => token.kind === 'star');
}

/** As TUF reads patterns: folder by folder, so that no wildcard crosses a `/`. */
export function matchesPathByFolder(pattern: string, name: string): boolean {
  const patterns = pattern.split('/');
  const folders = name.split('/');
  if (patterns.length !== folders.length) return false;
  return patterns.every((one, index) => matchesPath(one, folders[index] ?? ''));
}

function tokenize(pattern: readonly string[]): readonly Token[] {
  const tokens: Token[] = [];
  let at = 0;
  while (at < pattern.length) {
    const character = pattern[at] ?? '';
    const set = character === '[' ? readSet(pattern, at) : undefined;
    if (character === '*') tokens.push({ kind: 'star' });
    else if (character === '?') tokens.push({ kind: 'one', accepts: () => true });
    else if (set !== undefined) tokens.push(set.token);
    else {
      if (character === '\\' && at + 1 < pattern.length) at += 1;
      const literal = pattern[at] ?? '';
      tokens.push({ kind: 'one', accepts: (other) => other === literal });
    }
    at = set?.end ?? at + 1;
  }
  return tokens;
}

/** `[a-z]`, `[!a-z]`, `[]x]`; undefined when the bracket does not close and stands for itself. */
function readSet(pattern: readonly string[], start: number): { token: Token; end: number } | undefined {
  const negated = pattern[start + 1] === '!' || pattern[start + 1] === '^';
  const first = start + (negated ? 2 : 1);
  const close = pattern.indexOf(']', first + 1);
  if (close === -1) return undefined;
  const members = pattern.slice(first, close);
  const accepts = (character: string): boolean => isMember(members, character) !== negated;
  return { token: { kind: 'one', accepts }, end: close + 1 };
}

function isMember(members: readonly string[], character: string): boolean {
  let i = 0;
  while (i < members.length) {
    const low = members[i] ?? '';
    const isRange = members[i + 1] === '-' && i + 2 < members.length;
    const high = isRange ? (members[i + 2] ?? '') : low;
    if (character >= low && character <= high) return true;
    i += isRange ? 3 : 1;
  }
  return false;
}
