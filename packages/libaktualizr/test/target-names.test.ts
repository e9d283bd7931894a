import { describe, it } from 'node:test';
import assert from 'node:assert/strict';
import { InstallError } from '../src/errors.ts';
import { setStage } from './support/stage.ts';
import { reportsOf } from './support/requests.ts';

describe('name of an image', () => {
  const stage = setStage();
  const asked = () =>
    stage.gateway.requests.filter(
      ({ path }) => !/^\/(director|repo\/[^/]*\.json$|events|system_info)/.test(path),
    );

  for (const name of ['.', '..', '../../x', 'a/../b', './a', 'a/.', '../director/manifest']) {
    it(`is refused before anything is asked, when it would be another path: ${name}`, async () => {
      await stage.offer(name);
      const { aktualizr } = await stage.open();
      const { download } = await aktualizr.uptaneCycle();
      assert.ok(download?.kind === 'failed' && download.error instanceof InstallError);
      assert.equal(download.error.code, 'rejected_format');
      assert.match(download.error.message, /cannot be asked for/);
      assert.deepEqual(asked(), []);
      assert.deepEqual(
        reportsOf(stage.gateway.requests).map(({ result }) => result.code),
        ['DOWNLOAD_FAILED'],
      );
    });
  }

  for (const name of ['...', '.hidden', 'a..b/c.', '%2e%2e/x', 'a\\..\\b', 'a//b']) {
    it(`is asked for as it is: ${name}`, async () => {
      await stage.offer(name);
      const { aktualizr } = await stage.open();
      assert.equal((await aktualizr.uptaneCycle()).install?.kind, 'installed');
      assert.equal(asked().length, 1);
      assert.match(asked()[0]?.path ?? '', /^\/repo\/targets\/./);
    });
  }

  it('does not matter, when the image has an address of its own', async () => {
    const { simulator } = stage.gateway;
    await stage.offer('../x', 'elsewhere');
    const found = simulator.director.targets.get('../x');
    assert.ok(found);
    const uri = `${stage.gateway.url}/elsewhere`;
    simulator.director.targets.set('../x', { ...found, custom: { ...found.custom, uri } });
    await simulator.publish();
    stage.gateway.answerOf = ({ path }) =>
      path === '/elsewhere' ? { status: 200, headers: {}, body: Buffer.from('elsewhere') } : undefined;
    const { aktualizr } = await stage.open();
    assert.equal((await aktualizr.uptaneCycle()).install?.kind, 'installed');
    assert.deepEqual(
      asked().map(({ path }) => path),
      ['/elsewhere'],
    );
  });
});
