// The two lists behind the conformance page, as they lie in docs/conformance: what the Standard demands, and what an
// attacker can try. Each entry is covered by tests, waits for the issue of its owner, or is as it is by design.
import { readFileSync } from 'node:fs';
import path from 'node:path';

/** What an entry waits for: an issue, by the part that it is about; or nothing, as our choice is another (`note`). */
export const OWNERS = {
  standard: 'issue 3, the Standard as code',
  device: 'issue 4, the device side',
  server: 'issue 5, the server',
  secondaries: 'Secondaries',
  design: 'by design',
} as const;

export type Owner = keyof typeof OWNERS;

type Owned = {
  readonly owner?: Owner;
  /** What is missing, or why it is as it is. */
  readonly note?: string;
};

export type Requirement = Owned & {
  readonly id: string;
  readonly level: string;
  /** C client, P Primary, S Secondary, D Director, I Image repository, B both repositories. */
  readonly who: string;
  readonly summary: string;
  /** Requirements of other sections that say the same: their tests show this one too. */
  readonly sameAs?: readonly string[];
};

export type Section = {
  readonly section: string;
  readonly title: string;
  /** Name of the section's steps in code and tests: `check_root/3` is the third requirement here. */
  readonly anchor?: string;
  readonly requirements: readonly Requirement[];
};

export type AttackCase = Owned & {
  readonly case: string;
  readonly expect: string;
  /** `end of a file's path: part of titles in it`. */
  readonly tests?: readonly string[];
};

export type AttackGroup = {
  readonly group: string;
  /** Where its tests begin; single cases may be shown elsewhere. */
  readonly file?: string;
  readonly cases: readonly AttackCase[];
};

export type Catalogue = { readonly sections: readonly Section[]; readonly attacks: readonly AttackGroup[] };

export function loadCatalogue(root: string): Catalogue {
  const read = (file: string): unknown =>
    JSON.parse(readFileSync(path.join(root, 'docs/conformance', file), 'utf8'));
  // Our own files, checked into the repository beside this one; `problemsOf` checks what types cannot.
  return {
    sections: read('requirements.json') as readonly Section[],
    attacks: read('attacks.json') as readonly AttackGroup[],
  };
}
