import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { TSchema } from 'typebox';
import { Check } from 'typebox/value';
import {
  CreateCampaignSchema,
  CreateCredentialsSchema,
  CreateGroupSchema,
  CreateUpdateSchema,
  PageQuerySchema,
  UploadSoftwareQuerySchema,
  pageOf,
} from '../src/user/index.ts';

const id = '01890a5d-ac96-774b-bcce-b302099a8057';
const update = { name: 'u', targets: [{ hardwareId: 'hw', to: { filename: 'app-1.bin' } }] };

describe('bodies of the user API', () => {
  const cases: readonly (readonly [string, TSchema, unknown, boolean])[] = [
    ['a campaign', CreateCampaignSchema, { name: 'c', updateId: id, groupIds: [id] }, true],
    ['a campaign without groups', CreateCampaignSchema, { name: 'c', updateId: id, groupIds: [] }, false],
    [
      'a campaign whose update is no id',
      CreateCampaignSchema,
      { name: 'c', updateId: 'u', groupIds: [id] },
      false,
    ],
    [
      'a campaign with a blank name',
      CreateCampaignSchema,
      { name: ' ', updateId: id, groupIds: [id] },
      false,
    ],
    [
      'a campaign with a misspelt field',
      CreateCampaignSchema,
      { name: 'c', updateId: id, groupIds: [id], aproval: true },
      false,
    ],
    ['an update', CreateUpdateSchema, update, true],
    ['an update without targets', CreateUpdateSchema, { name: 'u', targets: [] }, false],
    [
      'an update to a name beyond ASCII',
      CreateUpdateSchema,
      { name: 'u', targets: [{ hardwareId: 'hw', to: { filename: 'ü' } }] },
      false,
    ],
    ['a fixed group', CreateGroupSchema, { name: 'all', kind: 'fixed', deviceIds: ['car-1'] }, true],
    ['a group of an unknown kind', CreateGroupSchema, { name: 'all', kind: 'smart' }, false],
    ['a group name of one character', CreateGroupSchema, { name: 'a', kind: 'fixed' }, false],
    ['an upload', UploadSoftwareQuerySchema, { hardwareIds: 'a,b' }, true],
    ['an upload for no hardware', UploadSoftwareQuerySchema, {}, false],
    ['credentials for 0 days', CreateCredentialsSchema, { validDays: 0 }, false],
    ['a page of 1000', PageQuerySchema, { limit: 1000 }, true],
    ['a page of 1001', PageQuerySchema, { limit: 1001 }, false],
    ['an answer with a page', pageOf(CreateUpdateSchema), { values: [update], nextCursor: 'x' }, true],
  ];
  for (const [what, schema, value, accepted] of cases) {
    it(`${accepted ? 'accept' : 'refuse'} ${what}`, () => {
      assert.equal(Check(schema, value), accepted);
    });
  }
});
