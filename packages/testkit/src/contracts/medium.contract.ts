// What whoever reads a removable medium promises: the files of the layout as they lie there, `absent` for everything else,
// whatever it is called. client-protocol 12.1
import assert from 'node:assert/strict';
import { it } from 'node:test';
import type { LockboxSource, MetadataSource } from '@ota-connect/uptane';
import { RepositorySimulator } from '../repository-simulator.ts';
import type { SimulatedMedium } from '../simulated-lockboxes.ts';

type ReadMedium = {
  readonly directorRoots: MetadataSource;
  readonly lockboxes: LockboxSource;
  readonly image: MetadataSource;
};

/** `open`: over a medium with these files. */
export function mediumContract(open: (medium: SimulatedMedium) => ReadMedium): void {
  async function filled() {
    const simulator = await RepositorySimulator.create();
    const lockboxes = await simulator.signLockboxes();
    const delegation = await simulator.delegate('a/b c', ['*']);
    const content = new TextEncoder().encode('x');
    lockboxes.put('spring', [
      simulator.addDelegatedImage(delegation, { name: 'x', content, hardwareIds: ['h'] }),
    ]);
    await simulator.image.publish();
    const files = await lockboxes.fill();
    return { files: files.files, medium: open(files) };
  }
  const maxBytes = 1_000_000;

  void it('gives each file of the layout as it lies there', async () => {
    const { files, medium } = await filled();
    const at = (path: string) => Buffer.from(files.get(path) ?? []);
    const read = async (bytes: Promise<Uint8Array | 'absent'>) => Buffer.from((await bytes) as Uint8Array);
    const root = { role: 'root', version: 2, maxBytes } as const;
    assert.deepEqual(await read(medium.directorRoots.fetch(root)), at('metadata/director/2.root.json'));
    for (const name of ['offline-snapshot.json', 'spring.json'])
      assert.deepEqual(
        await read(medium.lockboxes.fetch({ fileName: name, maxBytes })),
        at(`metadata/director/${name}`),
      );
    for (const [role, file] of [
      ['snapshot', 'snapshot.json'],
      ['targets', 'targets.json'],
      [{ delegation: 'a/b c' }, 'a%2Fb%20c.json'],
    ] as const)
      assert.deepEqual(await read(medium.image.fetch({ role, maxBytes })), at(`metadata/image-repo/${file}`));
  });

  void it('has nothing else, whatever it is called', async () => {
    const { medium } = await filled();
    const { directorRoots, lockboxes, image } = medium;
    const asked = [
      directorRoots.fetch({ role: 'root', version: 9, maxBytes }),
      directorRoots.fetch({ role: 'targets', maxBytes }),
      image.fetch({ role: { delegation: '../director/spring' }, maxBytes }),
      ...['', '.', '..', '../image-repo/targets.json', 'winter.json'].map((fileName) =>
        lockboxes.fetch({ fileName, maxBytes }),
      ),
    ];
    for (const answer of asked) assert.equal(await answer, 'absent');
  });
}
