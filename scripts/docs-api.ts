// docs/generated/libaktualizr.md: every name that the library exports, with its shape and its doc comment, drawn from the
// declarations that the published package has. Without an option it checks that the page is the one it would write; `--write`
// writes it.
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { buildDeclarations } from './libaktualizr/declarations.ts';

const PAGE = 'docs/generated/libaktualizr.md';

/** What is used of API Extractor's model. */
type Item = {
  readonly kind: string;
  readonly name?: string;
  readonly docComment?: string;
  readonly excerptTokens?: readonly { readonly text: string }[];
  readonly members?: readonly Item[];
};

/** Which names stand together, and in which order. */
const CHAPTERS: readonly (readonly [title: string, isIn: (item: Item) => boolean])[] = [
  ['The client', ({ name = '' }) => /^(?:createAktualizr|Aktualizr|AktualizrOptions)$/.test(name)],
  ['Errors', ({ kind, name = '' }) => kind === 'Class' && name.endsWith('Error')],
  ['Functions', ({ kind }) => kind === 'Function'],
  ['Classes and constants', ({ kind }) => kind === 'Class' || kind === 'Variable'],
  ['Types', () => true],
];

function page(): string {
  const { model, rolledUp } = buildDeclarations();
  const declared = declarationsOf(rolledUp);
  const items = [...(((model as Item).members ?? [])[0]?.members ?? [])];
  const chapters = CHAPTERS.map(([title, isIn]) => {
    const own = items.filter(isIn);
    for (const item of own) items.splice(items.indexOf(item), 1);
    return `## ${title}\n\n${own.map((item) => describe(item, declared)).join('\n')}`;
  });
  return `# libaktualizr

Made by \`node scripts/docs-api.ts --write\` from the doc comments of \`packages/libaktualizr/src/index.ts\` and what it exports. How to begin: [your own client](../guides/your-own-client.md).

${chapters.join('\n')}`;
}

function describe(item: Item, declared: ReadonlyMap<string, string>): string {
  const shape = item.kind === 'Class' ? shapeOf(item) : (declared.get(item.name ?? '') ?? shapeOf(item));
  const head = `### ${nameOf(item)}\n\n${sentences(item)}\`\`\`ts\n${shape}\n\`\`\`\n`;
  const members = (item.members ?? []).filter(({ kind }) => item.kind === 'Class' && kind !== 'Constructor');
  if (members.length === 0) return head;
  const lines = members.map((member) => `- \`${oneLine(shapeOf(member))}\`${indented(sentences(member))}\n`);
  return `${head}\n${lines.join('')}`;
}

/** As they stand in the rolled-up file, with the comments inside of them, which the model leaves out. */
function declarationsOf(rolledUp: string): ReadonlyMap<string, string> {
  const found = new Map<string, string>();
  for (const block of rolledUp.split(/\n\n(?=\S)/)) {
    const [, shape = '', name = ''] =
      /^(?:\/\*\*[\s\S]*?\*\/\n)?(?:export )?declare ((?:type|const|function) (\w+)[\s\S]*)$/.exec(block) ??
      [];
    found.set(name, withoutNumbers(shape).trim());
  }
  return found;
}

/** API Extractor renames what a global name would hide. */
function nameOf({ name = '' }: Item): string {
  return withoutNumbers(name);
}

/** Without the marks of the comment. */
function sentences({ docComment = '' }: Item): string {
  const text = docComment
    .trim()
    .replaceAll(/^\/\*\*|\*\/$/g, '')
    .replaceAll(/^ *\* ?/gm, '')
    .replaceAll(/\s*@throws\s+/g, ' Throws ')
    .replaceAll(/\s+/g, ' ')
    .trim();
  return text === '' ? '' : `${text}\n\n`;
}

function shapeOf({ excerptTokens = [] }: Item): string {
  return withoutNumbers(excerptTokens.map(({ text }) => text).join(''))
    .replace(/^export (?:declare )?/, '')
    .trim();
}

function withoutNumbers(text: string): string {
  return text.replaceAll(/\b([A-Za-z]+)_\d+\b/g, '$1');
}

function oneLine(text: string): string {
  return text.replaceAll(/\s+/g, ' ');
}

function indented(text: string): string {
  return text === '' ? '' : `: ${text.trim()}`;
}

if (process.argv.includes('--write')) {
  writeFileSync(PAGE, page());
} else if (!existsSync(PAGE) || readFileSync(PAGE, 'utf8') !== page()) {
  console.log(`${PAGE} is not up to date: node scripts/docs-api.ts --write`);
  process.exitCode = 1;
}
