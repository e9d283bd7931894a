// docs/generated/conformance.md: which test shows which demand of the Uptane Standard and which attack. Without an
// option it checks: exit 1 when something is neither tested nor owned, a tag or reference leads nowhere, or the page is
// not the one it would write. `--write` writes the page.
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { loadCatalogue } from './conformance/catalogue.ts';
import { readClaims } from './conformance/claims.ts';
import { collectTitles } from './conformance/collect-titles.ts';
import { writePage } from './conformance/page.ts';
import { problemsOf } from './conformance/problems.ts';

const PAGE = 'docs/generated/conformance.md';

const titles = await collectTitles(process.cwd());
const catalogue = loadCatalogue(process.cwd());
const claims = readClaims(titles, catalogue);
const problems = [...problemsOf(catalogue, claims, titles)];
const page = writePage(catalogue, claims, titles);
if (process.argv.includes('--write')) {
  writeFileSync(PAGE, page);
} else if (!existsSync(PAGE) || readFileSync(PAGE, 'utf8') !== page) {
  problems.push(`${PAGE} is not up to date: node scripts/docs-conformance.ts --write`);
}
for (const problem of problems) console.log(problem);
// Imported test files may have opened what only their hooks would close.
process.exit(problems.length === 0 ? 0 : 1);
