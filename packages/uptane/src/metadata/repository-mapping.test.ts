import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { CodedError } from '../errors.ts';
import { entriesFor, parseRepositoryMapping } from './repository-mapping.ts';

const bytes = (value: unknown): Uint8Array => new TextEncoder().encode(JSON.stringify(value, undefined, 2));

const ENTRY = { paths: ['*'], repositories: ['director', 'image'], terminating: true, threshold: 2 };
const MAPPING = {
  repositories: { director: ['https://d/director'], image: ['https://i/repo', 'http://fallback/repo'] },
  mapping: [ENTRY],
};

describe('repository mapping', () => {
  it('reads repositories with their addresses and entries in order [5.2.6-1, 5.2.6-2, 5.2.6-3]', () => {
    const other = { ...ENTRY, paths: ['maps/*', '*.map'], terminating: false };
    const read = parseRepositoryMapping(bytes({ ...MAPPING, mapping: [other, ENTRY], extra: 1 }));
    assert.deepEqual([...read.repositories], Object.entries(MAPPING.repositories));
    assert.deepEqual(read.mapping, [other, ENTRY]);
  });

  it('lists the entries whose paths match a name, in order [5.2.6-3]', () => {
    const maps = { ...ENTRY, paths: ['maps/*'] };
    const read = parseRepositoryMapping(bytes({ ...MAPPING, mapping: [maps, ENTRY] }));
    assert.deepEqual(entriesFor(read, 'maps/eu/x.map'), [maps, ENTRY]);
    assert.deepEqual(entriesFor(read, 'app.bin'), [ENTRY]);
  });

  it('takes names that mean something to JavaScript as plain data [5.2.6-2]', () => {
    const read = parseRepositoryMapping(
      new TextEncoder().encode(
        '{"repositories":{"director":["https://d/"],"constructor":["https://c/"]},' +
          '"mapping":[{"paths":["*"],"repositories":["director","constructor"],"terminating":true,"threshold":2}]}',
      ),
    );
    assert.deepEqual(read.repositories.get('constructor'), ['https://c/']);
    assert.equal(read.repositories.get('toString'), undefined);
  });

  const entry = (changes: object) => ({ ...MAPPING, mapping: [{ ...ENTRY, ...changes }] });
  const REFUSED: readonly (readonly [title: string, document: unknown, path: string])[] = [
    ['is a list', [], 'repository mapping'],
    ['lacks repositories', { mapping: [ENTRY] }, 'repositories'],
    [
      'lacks the Director',
      { ...MAPPING, repositories: { image: ['https://i/'], b: ['https://b/'] } },
      'repositories',
    ],
    ['has the Director alone', { ...MAPPING, repositories: { director: ['https://d/'] } }, 'repositories'],
    [
      'has a repository without address',
      { ...MAPPING, repositories: { director: ['https://d/'], image: [] } },
      'repositories["image"]',
    ],
    [
      'has an address that is none',
      { ...MAPPING, repositories: { director: ['https://d/'], image: ['image'] } },
      'repositories["image"][0]',
    ],
    [
      'has an address of another kind',
      { ...MAPPING, repositories: { director: ['https://d/'], image: ['https://i/', 'file:///etc'] } },
      'repositories["image"][1]',
    ],
    [
      'has a name that leads out of a folder',
      { ...MAPPING, repositories: { director: ['https://d/'], '../x': ['https://i/'] } },
      'repositories["../x"]',
    ],
    [
      'has a name of many letters',
      { ...MAPPING, repositories: { director: ['https://d/'], ['x'.repeat(65)]: ['https://i/'] } },
      `repositories["${'x'.repeat(64)}"]`,
    ],
    [
      'gives two repositories one address, however it is written',
      {
        ...MAPPING,
        repositories: {
          director: ['https://d/'],
          image: ['https://i/', 'https://x/repo'],
          other: ['https://X:443/repo/'],
        },
      },
      'repositories["other"][0]',
    ],
    ['lacks a mapping', { repositories: MAPPING.repositories }, 'mapping'],
    ['has an empty mapping', { ...MAPPING, mapping: [] }, 'mapping'],
    ['has an entry without paths', entry({ paths: undefined }), 'mapping[0].paths'],
    ['has an entry with no path', entry({ paths: [] }), 'mapping[0].paths'],
    [
      'has an entry with an unknown repository',
      entry({ repositories: ['director', 'x'] }),
      'mapping[0].repositories',
    ],
    ['has an entry without the Director', entry({ repositories: ['image'] }), 'mapping[0].repositories'],
    [
      'has an entry with a repository twice',
      entry({ repositories: ['director', 'image', 'image'] }),
      'mapping[0].repositories',
    ],
    ['has an entry that the Director meets alone', entry({ threshold: 1 }), 'mapping[0].threshold'],
    ['has an entry that nobody can meet', entry({ threshold: 3 }), 'mapping[0].threshold'],
    ['has an entry with half a threshold', entry({ threshold: '2' }), 'mapping[0].threshold'],
    [
      'has an entry that does not say whether it terminates',
      entry({ terminating: undefined }),
      'mapping[0].terminating',
    ],
  ];
  for (const [title, document, path] of REFUSED) {
    it(`refuses one that ${title}, and says where [5.2.6-1]`, () => {
      assert.throws(
        () => parseRepositoryMapping(bytes(document)),
        (error) =>
          error instanceof CodedError &&
          error.family === 'DecodeError' &&
          error.message.startsWith(`"${path}" `),
      );
    });
  }

  it('refuses one that is not JSON, or names a repository twice [5.2.6-1]', () => {
    for (const text of ['{', '{"repositories":{},"repositories":{}}']) {
      assert.throws(
        () => parseRepositoryMapping(new TextEncoder().encode(text)),
        (error) => error instanceof CodedError && error.family === 'JsonError',
      );
    }
  });
});
