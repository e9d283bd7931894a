// A delegated role with a name that no program can write down as it is: what is wrong with it is told all the same.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { parseStrictJson, type JsonObject } from '@ota-connect/uptane';
import { manifestsOf } from './support/requests.ts';
import { setStage } from './support/stage.ts';

const NAME = `${'x'.repeat(119)}😀`;

describe('delegated role of an odd name', () => {
  const stage = setStage();

  it('is told of, when it cannot be fetched: on the device and to the Director', async () => {
    const { simulator, requests } = stage.gateway;
    await simulator.delegate('in its place', ['*']);
    const rename = (signed: JsonObject) =>
      parseStrictJson(Buffer.from(JSON.stringify(signed).replaceAll('in its place', NAME))) as JsonObject;
    simulator.image.roles.targets.edit = rename;
    simulator.image.roles.snapshot.edit = rename;
    simulator.assign(
      simulator.targetOf({ name: 'app.bin', content: new Uint8Array(3), hardwareIds: ['primary-hw'] }),
    );
    await simulator.publish();
    const { aktualizr } = await stage.open();
    const told = () =>
      manifestsOf(requests)
        .flatMap((manifest) => Object.values(manifest.ecu_version_manifests))
        .map(({ signed }) => String(signed.attacks_detected));
    for (let round = 0; round < 2; round += 1)
      await aktualizr.uptaneCycle().catch((error: unknown) => assert.ok(!(error instanceof URIError)));
    assert.ok(
      told().some((text) => text.includes(`in delegations/${'x'.repeat(119)}%3F.json`)),
      told().join('\n'),
    );
  });
});
