// What a mutation run found, in our words: which mutants survived, which of them are explained, and the page of it.

export type MutationReport = {
  readonly files: Readonly<Record<string, { readonly source: string; readonly mutants: readonly Mutant[] }>>;
};

type Place = { readonly line: number; readonly column: number };

type Mutant = {
  readonly mutatorName: string;
  readonly replacement?: string;
  readonly status: string;
  readonly location: { readonly start: Place; readonly end: Place };
};

/** Found again by what is replaced by what; lines move. */
export type Survivor = {
  readonly file: string;
  readonly original: string;
  /** `*`: any. */
  readonly replacement: string;
  /** Why no test can tell it from the real one, or need not. */
  readonly why: string;
};

type Found = Omit<Survivor, 'why'> & { readonly line: number; readonly mutator: string };

const ALIVE = new Set(['Survived', 'NoCoverage']);
const SHOWN = 120;

export function survivors({ files }: MutationReport): readonly Found[] {
  return Object.entries(files).flatMap(([file, { source, mutants }]) =>
    mutants
      .filter(({ status }) => ALIVE.has(status))
      .map(({ mutatorName, replacement = '', location }) => ({
        file: file.split('/').at(-1) ?? file,
        line: location.start.line,
        mutator: mutatorName,
        original: oneLine(textAt(source, location)),
        replacement: oneLine(replacement),
      })),
  );
}

export function unexplained(report: MutationReport, explanations: readonly Survivor[]): readonly Found[] {
  return survivors(report).filter((found) => explain(found, explanations) === undefined);
}

export function mutationPage(
  report: MutationReport,
  explanations: readonly Survivor[],
  seconds: number,
): string {
  const rows = Object.entries(report.files)
    .map(([file, { mutants }]) => {
      const count = (...statuses: readonly string[]): number =>
        mutants.filter(({ status }) => statuses.includes(status)).length;
      const [killed, alive] = [count('Killed', 'Timeout'), count('Survived', 'NoCoverage')];
      return `| ${file.split('/').at(-1) ?? file} | ${killed} | ${alive} | ${count('Ignored')} | ${count('RuntimeError', 'CompileError')} |`;
    })
    .join('\n');
  const alive = survivors(report).map((found) => {
    const why = explain(found, explanations)?.why ?? '**not explained**';
    return `| ${found.file}:${found.line} | ${code(found.original)} | ${code(found.replacement)} | ${why} |`;
  });
  return `# Mutation testing of packages/uptane/src/verify

${new Date().toISOString().slice(0, 10)}, Node.js ${process.version}, ${seconds.toFixed(0)} s. Written by \`npm run test:long\`; explanations are in test/mutation/survivors.json. Ignored: the wording of errors. Failing at once: mutants with which the code does not even load.

| file | killed | survived | ignored | failing at once |
|---|---|---|---|---|
${rows}

## Survivors

| place | code | mutant | why it may |
|---|---|---|---|
${alive.join('\n')}
`;
}

function explain(found: Found, explanations: readonly Survivor[]): Survivor | undefined {
  return explanations.find(
    (one) =>
      one.file === found.file &&
      one.original === found.original &&
      ['*', found.replacement].includes(one.replacement),
  );
}

function textAt(source: string, { start, end }: Mutant['location']): string {
  const lines = source.split('\n').slice(start.line - 1, end.line);
  const last = lines.length - 1;
  return lines
    .map((line, at) => line.slice(at === 0 ? start.column - 1 : 0, at === last ? end.column - 1 : undefined))
    .join('\n');
}

function oneLine(text: string): string {
  const joined = text.replaceAll(/\s+/g, ' ').trim();
  return joined.length > SHOWN ? `${joined.slice(0, SHOWN)}…` : joined;
}

function code(text: string): string {
  return `\`${text.replaceAll('`', "'").replaceAll('|', '\\|')}\``;
}
