// Documents of wrong shapes, one wrong thing at a time, read in both dialects: what is refused is refused by name.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { RepositorySimulator, SIMULATED_NOW, TufRepository } from '@ota-connect/testkit';
import {
  addSeconds,
  MetadataError,
  parseEnvelope,
  parseRoot,
  parseSnapshot,
  parseTargets,
  parseTimestamp,
  TUF_DIALECT,
  UPTANE_DIALECT,
  type Dialect,
  type TopLevelRole,
} from '../src/index.ts';
import { changed, CHANGES, PLAIN_DATA, TEXTS } from './bad-documents.ts';

type Documents = Readonly<Record<TopLevelRole, string>>;

const READERS = {
  root: parseRoot,
  timestamp: parseTimestamp,
  snapshot: parseSnapshot,
  targets: parseTargets,
};
const ROLES = ['root', 'timestamp', 'snapshot', 'targets'] as const;

/** `taken`, or what it is refused as. */
function outcome(dialect: Dialect, role: TopLevelRole, text: string | Uint8Array): string {
  const bytes = typeof text === 'string' ? new TextEncoder().encode(text) : text;
  try {
    READERS[role](parseEnvelope(bytes, { role, dialect }));
    return 'taken';
  } catch (error) {
    if (error instanceof MetadataError) return error.wireCode;
    throw error;
  }
}

async function uptaneDocuments(): Promise<Documents> {
  const simulator = await RepositorySimulator.create();
  simulator.offer('app.bin');
  await simulator.image.publish();
  return documentsOf((role) => simulator.image.files.get(`${role}.json`));
}

function tufDocuments(): Documents {
  const repository = new TufRepository(addSeconds(SIMULATED_NOW, 86_400));
  repository.addImage('app.bin', Buffer.from('app'));
  repository.consistentSnapshot = false;
  repository.publish();
  return documentsOf((role) => repository.files.get(role === 'root' ? '1.root.json' : `${role}.json`));
}

function documentsOf(bytesOf: (role: TopLevelRole) => Uint8Array | undefined): Documents {
  const text = (role: TopLevelRole): string => new TextDecoder().decode(bytesOf(role));
  return {
    root: text('root'),
    timestamp: text('timestamp'),
    snapshot: text('snapshot'),
    targets: text('targets'),
  };
}

for (const [dialect, read] of [
  [UPTANE_DIALECT, uptaneDocuments],
  [TUF_DIALECT, tufDocuments],
] as const) {
  describe(`bad input in the ${dialect.name} dialect`, () => {
    const reading = Promise.resolve(read());
    for (const role of ROLES) {
      it(`does not lie in honest ${role}`, async () => {
        assert.equal(outcome(dialect, role, (await reading)[role]), 'taken');
      });
    }

    for (const [what, change] of TEXTS) {
      it(`is refused in every role: ${what} [5.2.1-7]`, async () => {
        const documents = await reading;
        for (const role of ROLES) {
          const code = `SecurityException::${role.charAt(0).toUpperCase()}${role.slice(1)}`;
          assert.equal(outcome(dialect, role, change(documents[role])), code);
        }
      });
    }

    for (const [role, what, change, code, tufCode = code] of CHANGES) {
      const expected = dialect === TUF_DIALECT ? tufCode : code;
      it(`is ${expected === 'taken' ? 'no reason to refuse' : 'refused'} in ${role}: ${what}`, async () => {
        assert.equal(outcome(dialect, role, changed((await reading)[role], change)), expected);
      });
    }

    for (const [role, what, change] of PLAIN_DATA) {
      it(`is not what ${role} holds as plain data: ${what}`, async () => {
        assert.equal(outcome(dialect, role, changed((await reading)[role], change)), 'taken');
      });
    }
  });
}
