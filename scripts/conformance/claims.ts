// What tests claim to show: tags at the end of their titles, `[5.4.3.4-6]` or by a section's anchor `[check_root/3]`,
// several in a row or with commas. And for attacks, which tests a reference of the catalogue means.
import type { Catalogue, Section } from './catalogue.ts';
import type { TestTitle } from './recorded-test.ts';

export type Claims = {
  readonly byId: ReadonlyMap<string, readonly TestTitle[]>;
  /** Tags that no requirement has. */
  readonly unknown: readonly string[];
};

const TRAILING_TAGS = /(?:\s*\[[^[\]]*\])+$/;
const TAG = /^(?:\d[\d.]*-\d+|[a-z]+(?:_[a-z]+)+\/\d+)$/;

/** Text in brackets that has not the form of a tag is part of the title. */
export function tagsOf(title: string): readonly string[] {
  const trailing = TRAILING_TAGS.exec(title)?.[0] ?? '';
  const tags = trailing.split(/[[\],\s]+/).filter((text) => text !== '');
  return tags.every((tag) => TAG.test(tag)) ? tags : [];
}

export function withoutTags(title: string): string {
  return tagsOf(title).length === 0 ? title : title.replace(TRAILING_TAGS, '');
}

export function readClaims(titles: readonly TestTitle[], { sections }: Catalogue): Claims {
  const known = new Set(sections.flatMap(({ requirements }) => requirements.map(({ id }) => id)));
  const byId = new Map<string, TestTitle[]>();
  const unknown: string[] = [];
  for (const test of titles) {
    for (const tag of tagsOf(test.title)) {
      const id = resolveAnchor(tag, sections);
      if (known.has(id)) byId.set(id, [...(byId.get(id) ?? []), test]);
      else unknown.push(`${tag} in ${test.file}: ${test.title}`);
    }
  }
  return { byId, unknown };
}

/** The tests behind `end of a path: part of a title`. */
export function testsMeant(reference: string, titles: readonly TestTitle[]): readonly TestTitle[] {
  const colon = reference.indexOf(': ');
  const file = `/${reference.slice(0, colon)}.test.ts`;
  const words = reference.slice(colon + 2);
  return titles.filter((test) => `/${test.file}`.endsWith(file) && test.title.includes(words));
}

function resolveAnchor(tag: string, sections: readonly Section[]): string {
  const [anchor = '', step] = tag.split('/');
  const section = step === undefined ? undefined : sections.find((one) => one.anchor === anchor);
  return section === undefined ? tag : `${section.section}-${step}`;
}
