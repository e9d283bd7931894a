// What every Secondary promises, as tests. Call it in the test file of an implementation. The port is libaktualizr's; what
// is written here is its shape, which the testkit may not import.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  parseVehicleManifest,
  canonicalBytes,
  jsonObject,
  parseStrictJson,
  vehicleVersionManifest,
  verifySignature,
  type MetadataFile,
  type PublicKey,
  type VehicleEcu,
  type VerifiedTarget,
} from '@ota-connect/uptane';
import type { RepositorySimulator } from '../repository-simulator.ts';
import { filesOf, targetOf } from '../secondary-bundle.ts';

type Answer = { readonly success: boolean; readonly code: string; readonly description: string };
type Image = { readonly lengthBytes: number; open(offset?: number): AsyncIterable<Uint8Array> };

/** The shape of libaktualizr's `Secondary`. */
export type SecondaryPort = {
  readonly identity: Pick<VehicleEcu, 'serial' | 'hardwareId'> & {
    readonly publicKey: PublicKey;
    readonly verification: 'full' | 'partial';
  };
  ping(signal: AbortSignal): Promise<boolean>;
  manifest(signal: AbortSignal): Promise<Uint8Array>;
  rootVersion(repository: string, signal: AbortSignal): Promise<number>;
  putRoot(repository: string, root: Uint8Array, signal: AbortSignal): Promise<Answer>;
  putMetadata(files: readonly MetadataFile[], signal: AbortSignal): Promise<Answer>;
  sendImage(target: VerifiedTarget, image: Image | undefined, signal: AbortSignal): Promise<Answer>;
  install(target: VerifiedTarget, signal: AbortSignal): Promise<Answer>;
};

export type OpenSecondary = {
  readonly secondary: SecondaryPort;
  /** The repositories whose first Roots it has. */
  readonly simulator: RepositorySimulator;
  readonly close?: () => void | Promise<void>;
};

const SIGNAL = new AbortController().signal;
const CONTENT = new TextEncoder().encode('the image');

type Test = (opened: OpenSecondary) => Promise<void>;

const PROMISES: readonly (readonly [title: string, test: Test])[] = [
  [
    'answers, and reports itself under its own key',
    async ({ secondary }) => {
      assert.equal(await secondary.ping(SIGNAL), true);
      await expectReport(secondary, undefined);
    },
  ],
  [
    'takes metadata, then the image, then installs, and says so in its report',
    async (opened) => {
      const { secondary } = opened;
      const target = await offer(opened);
      assert.equal((await secondary.sendImage(target, imageOf(CONTENT), SIGNAL)).success, true);
      await expectReport(secondary, undefined);
      assert.equal((await secondary.install(target, SIGNAL)).success, true);
      await expectReport(secondary, target.name);
    },
  ],
  [
    'may be asked for every step again',
    async (opened) => {
      const { secondary, simulator } = opened;
      const target = await offer(opened);
      for (const again of [1, 2]) {
        assert.ok((await secondary.putMetadata(filesOf(simulator), SIGNAL)).success, `metadata ${again}`);
        assert.ok((await secondary.sendImage(target, imageOf(CONTENT), SIGNAL)).success, `image ${again}`);
        assert.ok((await secondary.install(target, SIGNAL)).success, `install ${again}`);
      }
      await expectReport(secondary, target.name);
    },
  ],
  [
    'follows Roots one after the other to the newest',
    async (opened) => {
      const { secondary, simulator } = opened;
      assert.equal(await secondary.rootVersion('director', SIGNAL), 1);
      for (let version = 2; version <= 4; version += 1) await simulator.director.publishRoot();
      for (const version of [2, 3]) {
        const root = simulator.director.files.get(`${version}.root.json`) ?? new Uint8Array();
        assert.equal((await secondary.putRoot('director', root, SIGNAL)).success, true);
      }
      await offer(opened);
      assert.equal(await secondary.rootVersion('director', SIGNAL), 4);
    },
  ],
  [
    'refuses metadata that do not hold, and keeps what it runs',
    async ({ secondary, simulator }) => {
      simulator.offer('app.bin', 'the image', [secondary.identity]);
      simulator.director.roles.targets.signWith = simulator.image.roles.targets.keys;
      await simulator.publish();
      const answer = await secondary.putMetadata(filesOf(simulator), SIGNAL);
      assert.equal(answer.success, false);
      assert.equal(answer.code, 'VERIFICATION_FAILED');
      await expectReport(secondary, undefined);
    },
  ],
  [
    'refuses an image that is another one, and installs nothing',
    async (opened) => {
      const { secondary } = opened;
      const target = await offer(opened);
      const other = imageOf(new TextEncoder().encode('the 1mage'));
      assert.equal((await secondary.sendImage(target, other, SIGNAL)).success, false);
      assert.equal((await secondary.install(target, SIGNAL)).success, false);
      await expectReport(secondary, undefined);
    },
  ],
  [
    'ends at once when the signal has aborted',
    async ({ secondary }) => {
      const signal = AbortSignal.abort(new Error('enough'));
      await assert.rejects(secondary.ping(signal), /enough/);
      await assert.rejects(secondary.manifest(signal), /enough/);
    },
  ],
];

export function secondaryContract(name: string, open: () => OpenSecondary | Promise<OpenSecondary>): void {
  void describe(`Secondary contract: ${name}`, () => {
    for (const [title, test] of PROMISES)
      void it(title, async () => {
        const opened = await open();
        try {
          await test(opened);
        } finally {
          await opened.close?.();
        }
      });
  });
}

async function offer({ secondary, simulator }: OpenSecondary): Promise<VerifiedTarget> {
  simulator.offer('app.bin', 'the image', [secondary.identity]);
  await simulator.publish();
  assert.deepEqual(
    (await secondary.putMetadata(filesOf(simulator, secondary.identity.verification), SIGNAL)).success,
    true,
  );
  return targetOf(simulator, 'app.bin', secondary.identity);
}

function imageOf(content: Uint8Array): Image {
  return {
    lengthBytes: content.length,
    async *open(offset = 0) {
      yield content.subarray(offset, offset + 4);
      yield content.subarray(offset + 4);
    },
  };
}

async function expectReport(secondary: SecondaryPort, name: string | undefined): Promise<void> {
  const { serial, publicKey } = secondary.identity;
  const reports = new Map([[serial, parseStrictJson(await secondary.manifest(SIGNAL))]]);
  const manifest = canonicalBytes(
    jsonObject([
      ['signatures', []],
      ['signed', vehicleVersionManifest({ primary: serial, reports })],
    ]),
  );
  const ecu = parseVehicleManifest(manifest).ecus.get(serial);
  assert.ok(ecu !== undefined);
  const { envelope, report } = ecu;
  assert.ok(envelope.signatures.some((one) => verifySignature(publicKey, one, envelope.signedBytes)));
  if (name === undefined) assert.notEqual(report.installed.name, 'app.bin');
  else assert.equal(report.installed.name, name);
}
