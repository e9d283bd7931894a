// Stands in for `node:test` while titles are collected: a suite runs its body, a test leaves its title, and neither
// hooks nor the bodies of tests ever run.

export type TestTitle = { readonly file: string; readonly suite: string; readonly title: string };

const titles: TestTitle[] = [];
const suites: string[] = [];
let current = '';

/** Titles recorded from now on belong to `file`; answers all so far. */
export function recordFor(file: string): readonly TestTitle[] {
  current = file;
  return titles;
}

export function it(title: string): void {
  titles.push({ file: current, suite: suites.join(' › '), title });
}

export function describe(title: string, ...rest: readonly unknown[]): void {
  const body = rest.at(-1);
  suites.push(title);
  if (typeof body === 'function') body();
  suites.pop();
}

/** Used in hooks and in the bodies of tests alone, which do not run here. */
export const mock = {};

export {
  it as test,
  describe as suite,
  ignore as after,
  ignore as afterEach,
  ignore as before,
  ignore as beforeEach,
};

function ignore(): void {
  // A hook has nothing to prepare here.
}
