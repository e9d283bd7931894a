// The declarations of libaktualizr as one file, with those of our other packages inside, and the model of what it exports for
// the API reference. tsc writes a declaration for each file; API Extractor rolls them up.
import { Extractor, ExtractorConfig, type IConfigFile } from '@microsoft/api-extractor';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const root = path.dirname(path.dirname(path.dirname(fileURLToPath(import.meta.url))));
const ENTRY = 'packages/libaktualizr/src/index';
/** What stands for our packages, in source and in declarations. */
const PACKAGES = {
  '@ota-connect/uptane': 'packages/uptane/src/index',
  '@ota-connect/contract': 'packages/contract/src/index',
  '@ota-connect/contract/device': 'packages/contract/src/device/index',
} as const;

export type Declarations = {
  /** `index.d.ts` */
  readonly rolledUp: string;
  /** The document that API Extractor calls its model. */
  readonly model: unknown;
};

/** @throws Error with what tsc or API Extractor says */
export function buildDeclarations(): Declarations {
  const folder = mkdtempSync(path.join(tmpdir(), 'libaktualizr-types-'));
  try {
    emit(folder);
    rewriteImports(folder);
    return rollUp(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function emit(folder: string): void {
  const paths = Object.entries(PACKAGES).map(([name, file]) => [name, [path.join(root, `${file}.ts`)]]);
  const compilerOptions = {
    noEmit: false,
    declaration: true,
    emitDeclarationOnly: true,
    outDir: folder,
    rootDir: root,
    typeRoots: [path.join(root, 'node_modules/@types')],
    paths: Object.fromEntries(paths),
  };
  const project = path.join(folder, 'tsconfig.json');
  const files = [path.join(root, `${ENTRY}.ts`)];
  const config = { extends: path.join(root, 'tsconfig.json'), compilerOptions, include: [], files };
  writeFileSync(project, JSON.stringify(config));
  execFileSync(path.join(root, 'node_modules/.bin/tsc'), ['-p', project], { stdio: ['ignore', 2, 2] });
}

/** Our packages by their place, and names that both compilers read. */
function rewriteImports(folder: string): void {
  for (const name of readdirSync(folder, { recursive: true, encoding: 'utf8' })) {
    if (!name.endsWith('.d.ts')) continue;
    const file = path.join(folder, name);
    const relative = (target: string): string => {
      const found = path.relative(path.dirname(file), path.join(folder, `${target}.js`));
      return found.startsWith('.') ? found : `./${found}`;
    };
    const text = readFileSync(file, 'utf8')
      .replaceAll(/'(@ota-connect\/[a-z/]+)'/g, (_, specifier: keyof typeof PACKAGES) => {
        return `'${relative(PACKAGES[specifier])}'`;
      })
      .replaceAll(/((?:from |import\()['"]\.[^'"]*)\.ts(['"])/g, '$1.js$2');
    writeFileSync(file, text);
  }
}

function rollUp(folder: string): Declarations {
  const files = { rolledUp: path.join(folder, 'index.d.ts'), model: path.join(folder, 'model.json') };
  writeFileSync(path.join(folder, 'package.json'), '{"name":"libaktualizr","version":"0.0.0"}');
  const entry = path.join(folder, `${ENTRY}.d.ts`);
  const configObject: IConfigFile = {
    projectFolder: folder,
    mainEntryPointFilePath: entry,
    compiler: {
      overrideTsconfig: {
        compilerOptions: {
          module: 'nodenext',
          target: 'esnext',
          lib: ['esnext'],
          types: ['node'],
          typeRoots: [path.join(root, 'node_modules/@types')],
          strict: true,
          skipLibCheck: true,
        },
        files: [entry],
      },
    },
    apiReport: { enabled: false },
    docModel: { enabled: true, apiJsonFilePath: files.model },
    dtsRollup: { enabled: true, untrimmedFilePath: files.rolledUp },
    tsdocMetadata: { enabled: false },
    newlineKind: 'lf',
    messages: {},
  };
  const config = ExtractorConfig.prepare({
    configObject,
    configObjectFullPath: undefined,
    packageJsonFullPath: path.join(folder, 'package.json'),
  });
  const { succeeded } = Extractor.invoke(config, {
    localBuild: true,
    // Types that are not exported are written into the file all the same; our comments are not TSDoc.
    messageCallback: (message) => void (message.handled = message.logLevel !== 'error'),
  });
  if (!succeeded) throw new Error('API Extractor could not roll up the declarations of libaktualizr.');
  return {
    rolledUp: readFileSync(files.rolledUp, 'utf8'),
    model: JSON.parse(readFileSync(files.model, 'utf8')),
  };
}
