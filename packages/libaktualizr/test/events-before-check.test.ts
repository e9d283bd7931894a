import { describe, it } from 'node:test';
import assert from 'node:assert/strict';
import type { Gateway } from '../src/ports.ts';
import { TransportError } from '../src/errors.ts';
import { eventNames } from './support/requests.ts';
import { setStage } from './support/stage.ts';

const CAMPAIGN = 'c2eb7e8d-8aa0-429d-883f-5ed8fdb2a493';

describe('an answer to a campaign that was given offline', () => {
  const stage = setStage();

  for (const verb of ['checkUpdates', 'uptaneCycle'] as const) {
    it(`comes to the server before the check, which finds the update: ${verb}`, async () => {
      const unreachable = async () =>
        Promise.reject(new TransportError('unreachable', 'The server is away.'));
      const away = (gateway: Gateway): Gateway => ({
        ...gateway,
        campaigns: unreachable,
        postEvents: unreachable,
      });
      const offline = await stage.open({ wrap: { gateway: away } });
      assert.equal((await offline.aktualizr.campaignControl(CAMPAIGN, 'accept')).kind, 'queued');
      stage.close(offline);

      // As the server does: what the campaign brings is there once the consent is.
      const path = '/director/targets.json';
      const nothing = stage.gateway.simulator.answer({
        method: 'GET',
        path,
        headers: {},
        body: new Uint8Array(),
      });
      await stage.offer();
      stage.gateway.answerOf = (request) =>
        request.path === path && eventNames(stage.gateway.requests).length === 0 ? nothing : undefined;
      const { aktualizr } = await stage.open();
      const result = await aktualizr[verb]();
      assert.equal('check' in result ? result.check.kind : result.kind, 'updates');
      assert.equal(eventNames(stage.gateway.requests)[0], 'campaign_accepted');
    });
  }
});
