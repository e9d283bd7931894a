// Where an id is asked, a name may be given: one that exactly one thing has resolves to it, one that several have is
// refused with their ids. A text in the form of an id is taken as an id and never looked up.
import { USER_API } from '@ota-connect/contract';
import type { Campaign, Device, Group, Update } from '@ota-connect/contract/user';
import type { Api } from './api.ts';
import { CommandError } from './command-error.ts';
import { EXIT } from './exit-codes.ts';

export async function findDevice(api: Api, text: string): Promise<Device> {
  if (isId(text)) return await api.get<Device>(`${USER_API.devices}/${text}`);
  const byId = await api.list<Device>(USER_API.devices, { deviceId: text });
  const found = byId.filter((device) => device.deviceId === text);
  if (found.length > 0) return one('device', text, found, (device) => device.uuid);
  const named = await api.list<Device>(USER_API.devices, { nameContains: text });
  return one(
    'device',
    text,
    named.filter((device) => device.name === text),
    (device) => device.uuid,
  );
}

export async function findGroup(api: Api, text: string): Promise<Group> {
  return await findNamed<Group>(api, 'group', USER_API.groups, text);
}

export async function findUpdate(api: Api, text: string): Promise<Update> {
  return await findNamed<Update>(api, 'update', USER_API.updates, text);
}

export async function findCampaign(api: Api, text: string): Promise<Campaign> {
  return await findNamed<Campaign>(api, 'campaign', USER_API.campaigns, text);
}

async function findNamed<T extends { readonly id: string; readonly name: string }>(
  api: Api,
  noun: string,
  path: string,
  text: string,
): Promise<T> {
  if (isId(text)) return await api.get<T>(`${path}/${text}`);
  const all = await api.list<T>(path);
  return one(
    noun,
    text,
    all.filter((thing) => thing.name === text),
    (thing) => thing.id,
  );
}

function one<T>(noun: string, text: string, found: readonly T[], idOf: (thing: T) => string): T {
  const [first, ...others] = found;
  if (first === undefined) {
    const next = `see them with: ota ${noun} list`;
    throw new CommandError('not_found', EXIT.notFound, `There is no ${noun} "${text}"; ${next}`);
  }
  if (others.length > 0) {
    const ids = found.map(idOf).join(', ');
    throw new CommandError(
      'ambiguous_name',
      EXIT.usage,
      `${found.length} of the ${noun}s are named "${text}"; give one of their ids: ${ids}`,
    );
  }
  return first;
}

function isId(text: string): boolean {
  return /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(text);
}
