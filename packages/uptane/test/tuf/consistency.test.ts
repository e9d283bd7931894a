import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { tufKey } from '@ota-connect/testkit';
import {
  imagePath,
  metadataPath,
  refreshRepository,
  TUF_DIALECT,
  TUF_LIMITS,
  type JsonValue,
  type MetadataRequest,
} from '../../src/index.ts';
import { newRepository, NOW, refreshed, without } from './tuf-client.ts';

const FILES = ['2.root.json', 'timestamp.json', '2.snapshot.json', '2.targets.json'] as const;
const DATES = [
  '2031-01-01',
  '2031-01-01T00:00:00',
  '2031-01-01T00:00:00+00:00',
  '2031-01-01T00:00:00.000Z',
  '2031-01-01 00:00:00Z',
  '2031-02-29T00:00:00Z',
  '2031-13-01T00:00:00Z',
  '2031-01-01T24:00:00Z',
  '2031-01-01T00:00:60Z',
  '2031-01-01t00:00:00z',
  ' 2031-01-01T00:00:00Z',
  '12031-01-01T00:00:00Z',
  '',
  1_924_992_000,
  null,
] as const;

describe('what a plain TUF repository serves under a name', () => {
  it('is fetched by version where Root says so, by plain names where it does not [5.2.7-1]', async () => {
    const plain = newRepository((repository) => {
      repository.consistentSnapshot = false;
    });
    const found = await plain.client.refresh();
    assert.deepEqual(plain.repository.requests, [
      '2.root.json',
      'timestamp.json',
      'snapshot.json',
      'targets.json',
    ]);
    assert.equal(found.consistentSnapshot, false);
    assert.equal((await newRepository().client.refresh()).consistentSnapshot, true);
  });

  it('is not fetched again while it is the listed one', async () => {
    const { repository, client } = await refreshed();
    assert.deepEqual(await client.requests(), ['2.root.json', 'timestamp.json']);
    repository.publish();
    assert.deepEqual(await client.requests(), [
      '2.root.json',
      'timestamp.json',
      '2.snapshot.json',
      '2.targets.json',
    ]);
  });

  for (const [name, quoted] of [
    ['?', '%3F'],
    ['#', '%23'],
    ['/delegatedrole', '%2Fdelegatedrole'],
    ['../delegatedrole', '..%2Fdelegatedrole'],
    ['a%2fb', 'a%252fb'],
    ["it's (so)*!", 'it%27s%20%28so%29%2A%21'],
    ['ü', '%C3%BC'],
  ] as const) {
    it(`stays in its folder as the role "${name}" [5.2.7-3]`, async () => {
      const { repository, client } = newRepository((prepared) => {
        const role = prepared.delegate(name);
        prepared.addImage('below.bin', Buffer.from('below'), role);
      });
      const found = await (await client.refresh()).find('below.bin');
      assert.equal(found?.lengthBytes, 5);
      assert.equal(repository.requests.at(-1), `1.${quoted}.json`);
      assert.match(metadataPath({ delegation: name }, 1, TUF_DIALECT), /^1\.[\w.~%-]+\.json$/);
    });
  }

  it('is an image under the name of any of its hashes [5.2.7-2]', () => {
    assert.equal(imagePath('a/b/file.bin', 'abc'), 'a/b/abc.file.bin');
    assert.equal(imagePath('file.bin', 'abc'), 'abc.file.bin');
    assert.equal(imagePath('a/b/file.bin'), 'a/b/file.bin');
  });

  for (const file of FILES) {
    const title = file.replace(/^2\.|\.json$/g, '').replaceAll('.json', '');
    const role = title as 'root' | 'timestamp' | 'snapshot' | 'targets';

    it(`refuses ${title} when it is absent, malformed, or of another role`, async () => {
      const { repository, client } = await refreshed();
      repository.publishRoot();
      repository.publish();
      const answers: readonly (readonly [string, Uint8Array])[] = [
        ['no JSON', Buffer.from('{"signatures": [')],
        ['no object', Buffer.from('[]')],
        ['nothing', Buffer.from('')],
        [
          'another role',
          repository.files.get(role === 'root' ? 'timestamp.json' : '1.root.json') ?? Buffer.from(''),
        ],
      ];
      for (const [, bytes] of answers) {
        repository.overrides.set(file, bytes);
        await client.refuses('SecurityException');
      }
      repository.overrides.set(file, 'absent');
      if (role === 'root') await client.refresh();
      else await client.refuses('MetadataFetchFailure');
    });

    for (const type of [
      role.toUpperCase(),
      `${role.charAt(0).toUpperCase()}${role.slice(1)}`,
      'mirror',
      7,
      null,
    ]) {
      it(`refuses ${title} that says it is ${String(type)}`, async () => {
        const { repository, client } = newRepository();
        repository.roles[role].edit = (signed) => ({ ...signed, _type: type });
        repository.publishRoot();
        repository.publish();
        await client.refuses('SecurityException');
      });
    }

    for (const version of ['2.0.0', '0.9', '10.0', '1', '1.', 'one', '', 1, null] as const) {
      it(`refuses ${title} of the specification ${JSON.stringify(version)}`, async () => {
        const { repository, client } = newRepository();
        repository.roles[role].edit = (signed) => ({ ...signed, spec_version: version });
        repository.publishRoot();
        repository.publish();
        await client.refuses('SecurityException');
      });
    }

    it(`refuses ${title} that expires at no time we read`, async () => {
      for (const expires of DATES) {
        const { repository, client } = newRepository();
        repository.roles[role].edit = (signed) => ({ ...signed, expires });
        repository.publishRoot();
        repository.publish();
        await client.refuses('SecurityException');
      }
    });

    it(`keeps the bytes of ${title} as they came, members that it does not know included`, async () => {
      const { repository, client } = newRepository();
      repository.indent = 2;
      repository.roles[role].edit = (signed) => ({ ...signed, 'custom-field': { a: [1, null], é: 'ü\n"' } });
      repository.roles[role].editSignatures = (all) => all.map((entry) => ({ ...entry, more: true }));
      repository.publishRoot();
      repository.publish();
      await client.refresh();
      assert.deepEqual(client.store.load(role), new Uint8Array(repository.files.get(file) ?? []));
    });
  }

  it('takes 1.x of the specification in both its forms', async () => {
    for (const version of ['1.0', '1.0.31', '1.13.2']) {
      const { repository, client } = newRepository();
      repository.roles.timestamp.edit = (signed) => ({ ...signed, spec_version: version });
      repository.publish();
      await client.refresh();
    }
  });
});

describe('lengths and hashes that a plain TUF repository lists', () => {
  it('hold everywhere, however files are written', async () => {
    for (const indent of [undefined, 1, 2]) {
      const { client } = newRepository((repository) => {
        repository.listHashes = true;
        repository.indent = indent;
        repository.addImage('below.bin', Buffer.from('below'), repository.delegate('supplier'));
      });
      assert.ok(await (await client.refresh()).find('below.bin'));
    }
  });

  const listed =
    (change: (entry: Record<string, JsonValue>) => Record<string, JsonValue>) =>
    (role: 'timestamp' | 'snapshot') =>
      newRepository((repository) => {
        repository.listHashes = true;
        repository.roles[role].edit = (signed) => {
          const entries = Object.entries(signed['meta'] as Record<string, Record<string, JsonValue>>);
          return {
            ...signed,
            meta: Object.fromEntries(entries.map(([name, entry]) => [name, change(entry)])),
          };
        };
      });
  const CASES: readonly (readonly [string, ReturnType<typeof listed>, string])[] = [
    [
      'a wrong SHA-256',
      listed(({ hashes, ...entry }) => ({
        ...entry,
        hashes: { ...(hashes as object), sha256: '0'.repeat(64) },
      })),
      'MetadataHashMismatch',
    ],
    [
      'a wrong SHA-512 beside the right SHA-256',
      listed(({ hashes, ...entry }) => ({
        ...entry,
        hashes: { ...(hashes as object), sha512: '0'.repeat(128) },
      })),
      'MetadataHashMismatch',
    ],
    [
      'one byte more',
      listed((entry) => ({ ...entry, length: Number(entry['length']) + 1 })),
      'MetadataHashMismatch',
    ],
    [
      'one byte less',
      listed((entry) => ({ ...entry, length: Number(entry['length']) - 1 })),
      'OversizedMetadata',
    ],
    ['no bytes', listed((entry) => ({ ...entry, length: 0 })), 'MetadataHashMismatch'],
    ['a negative length', listed((entry) => ({ ...entry, length: -1 })), 'SecurityException'],
    ['a length in words', listed((entry) => ({ ...entry, length: '12' })), 'SecurityException'],
    [
      'hashes of unknown kinds alone',
      listed((entry) => ({ ...entry, hashes: { 'blake2b-256': 'ab' } })),
      'SecurityException',
    ],
    ['no hash in its list', listed((entry) => ({ ...entry, hashes: {} })), 'SecurityException'],
    ['a hash that is none', listed((entry) => ({ ...entry, hashes: { sha256: 'zz' } })), 'SecurityException'],
    ['hashes that are no list', listed((entry) => ({ ...entry, hashes: 'sha256' })), 'SecurityException'],
    ['another version', listed((entry) => ({ ...entry, version: 7 })), 'MetadataFetchFailure'],
  ];
  for (const [what, world, code] of CASES) {
    it(`refuses what is listed with ${what}`, async () => {
      await world('timestamp').client.refuses(code);
      await world('snapshot').client.refuses(code);
    });
  }

  it('are taken alone, and beside hashes of unknown kinds', async () => {
    const changes: readonly ReturnType<typeof listed>[] = [
      listed((entry) => without(entry, 'hashes')),
      listed((entry) => without(entry, 'length')),
      listed(({ hashes, ...entry }) => ({ ...entry, hashes: { ...(hashes as object), 'blake2b-256': 7 } })),
    ];
    for (const world of changes) {
      await world('timestamp').client.refresh();
      await world('snapshot').client.refresh();
    }
  });

  it('are those of the bytes that came, never of another form of them', async () => {
    for (const [file, code] of [
      ['2.snapshot.json', 'MetadataHashMismatch::Snapshot'],
      ['2.targets.json', 'MetadataHashMismatch::Targets'],
    ] as const) {
      const { repository, client } = newRepository((prepared) => {
        prepared.listHashes = true;
        prepared.indent = 1;
      });
      repository.publish();
      const loose = JSON.parse(new TextDecoder().decode(repository.files.get(file))) as unknown;
      repository.overrides.set(file, Buffer.from(JSON.stringify(loose)));
      await client.refuses(code);
    }
  });

  it('bound what is read of a file', async () => {
    const { repository, client } = newRepository();
    repository.overrides.set('timestamp.json', new Uint8Array(TUF_LIMITS.timestampBytes + 1));
    await client.refuses('OversizedMetadata');
    repository.overrides.clear();
    repository.overrides.set('1.snapshot.json', new Uint8Array(TUF_LIMITS.snapshotBytes + 1));
    await client.refuses('OversizedMetadata');
    repository.overrides.clear();
    repository.overrides.set('1.targets.json', new Uint8Array(TUF_LIMITS.imageTargetsBytes + 1));
    await client.refuses('OversizedMetadata');
  });

  it('bound what is read, though a source gives more than it was asked for', async () => {
    const { repository, client } = newRepository();
    for (const path of ['2.root.json', 'timestamp.json', '1.snapshot.json', '1.targets.json']) {
      const repositoryOf = {
        name: 'plain',
        store: client.store,
        dialect: TUF_DIALECT,
        source: {
          fetch: async ({ role, version, maxBytes }: MetadataRequest) => {
            const asked = metadataPath(role, version, TUF_DIALECT);
            return asked === path ? new Uint8Array(maxBytes + 1) : repository.answer(asked);
          },
        },
      } as const;
      await assert.rejects(refreshRepository(repositoryOf, NOW), { code: 'OversizedMetadata' });
    }
  });

  it('are looked up in Snapshot for every role', async () => {
    const { repository, client } = newRepository((prepared) => {
      prepared.addImage('below.bin', Buffer.from('below'), prepared.delegate('supplier'));
      prepared.roles.snapshot.edit = (signed) => {
        const meta = without(signed['meta'] as Record<string, JsonValue>, 'supplier.json');
        return { ...signed, meta };
      };
    });
    const found = await client.refresh();
    await assert.rejects(found.find('below.bin'), { code: 'VersionMismatch' });
    repository.roles.snapshot.edit = (signed) => ({ ...signed, meta: {} });
    repository.publish();
    await client.refuses('Rollback');
    const fresh = newRepository((prepared) => {
      prepared.roles.snapshot.edit = (signed) => ({ ...signed, meta: {} });
    });
    await fresh.client.refuses('VersionMismatch::Targets');
  });
});

describe('text in plain TUF', () => {
  for (const name of [
    'ä.bin',
    'a\u0308.bin',
    '\ud83d\ude00 "quoted" \\ back',
    'tab\u007f'.slice(0, 3),
    '\u2028',
  ]) {
    it(`verifies a document that names ${JSON.stringify(name).replaceAll('\u2028', '\\u2028')}`, async () => {
      for (const indent of [undefined, 1]) {
        const { client } = newRepository((repository) => {
          repository.indent = indent;
          repository.addImage(name, Buffer.from('other'));
          repository.addImage('\uffff', Buffer.from('after'));
        });
        assert.equal((await (await client.refresh()).find(name))?.lengthBytes, 5);
      }
    });
  }

  it('tells names apart that look alike', async () => {
    const { client } = newRepository(
      (repository) => void repository.addImage('\u00e4.bin', Buffer.from('composed')),
    );
    const found = await client.refresh();
    assert.equal(await found.find('a\u0308.bin'), undefined);
  });

  it('is signed with every character as it is, wherever it stands', async () => {
    const { repository, client } = newRepository((prepared) => {
      prepared.addImage(
        'below.bin',
        Buffer.from('below'),
        prepared.delegate('r', { keys: [tufKey('r', 'rsa-pss-sha256')] }),
      );
      prepared.roles.targets.edit = (signed) => ({
        ...signed,
        custom: {
          'line\nbreak': 'tab\t, bell\u0007, delete\u007f, \u00e9, \u{1f600}, "\\/',
          '\u{1f600}': 1,
          '\uffff': 2,
        },
      });
    });
    assert.ok(await (await client.refresh()).find('below.bin'));
    assert.ok(
      new TextDecoder().decode(repository.files.get('1.targets.json')).includes(String.raw`\n-----END`),
    );
  });

  it('may name roles, files and members like properties of every object', async () => {
    for (const name of ['__proto__', 'constructor', 'toString', 'hasOwnProperty']) {
      const { client } = newRepository((repository) => {
        const role = repository.delegate(name, { terminating: true });
        repository.addImage(`${name}.bin`, Buffer.from('below'), role);
      });
      const found = await client.refresh();
      assert.equal((await found.find(`${name}.bin`))?.lengthBytes, 5);
      assert.equal(await found.find(name), undefined);
    }
  });
});
