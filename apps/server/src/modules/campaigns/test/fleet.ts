// What a person does before a campaign, in few words: upload software, make a group, an update, a campaign.
import type { Campaign, CampaignDevice, CampaignStats, Group, Update } from '@ota-connect/contract/user';
import type { ScratchServer } from '../../../../test/app.ts';
import type { Vehicle } from '../../../../test/vehicle.ts';
import type { InstalledImage } from '@ota-connect/uptane';
import { sha256Hex } from '@ota-connect/uptane';

export type Refused = { readonly status: number; readonly code: string };

export async function post<T>(server: ScratchServer, path: string, body: unknown = {}): Promise<T> {
  const answer = await server.api('POST', path, body);
  if (!answer.ok) throw new Error(`${path} was answered ${answer.status}: ${await answer.text()}`);
  return (await answer.json()) as T;
}

export async function refused(server: ScratchServer, path: string, body: unknown = {}): Promise<Refused> {
  const answer = await server.api('POST', path, body);
  return { status: answer.status, code: ((await answer.json()) as { code: string }).code };
}

export async function upload(
  server: ScratchServer,
  filename: string,
  hardwareIds = 'gateway',
): Promise<void> {
  const answer = await fetch(
    `${server.apiUrl}/api/v3/software/${filename}?name=${filename}&hardwareIds=${hardwareIds}`,
    {
      method: 'PUT',
      headers: { authorization: `Bearer ${server.token}` },
      body: new TextEncoder().encode(filename),
    },
  );
  if (!answer.ok) throw new Error(`the upload was answered ${answer.status}: ${await answer.text()}`);
}

/** The image that `upload` stores. */
export function imageOf(filename: string): InstalledImage {
  const bytes = new TextEncoder().encode(filename);
  return { name: filename, lengthBytes: bytes.length, sha256: sha256Hex(bytes) };
}

export type Target = { hardwareId: string; from?: { filename: string }; to: { filename: string } };

export async function createUpdate(
  server: ScratchServer,
  name: string,
  targets?: readonly Target[],
): Promise<Update> {
  const body = { name, targets: targets ?? [{ hardwareId: 'gateway', to: { filename: name } }] };
  return post<Update>(server, '/updates', body);
}

export async function fixedGroup(
  server: ScratchServer,
  name: string,
  deviceIds: readonly string[],
): Promise<Group> {
  return post<Group>(server, '/groups', { name, kind: 'fixed', deviceIds });
}

export type CampaignWish = {
  readonly name: string;
  readonly updateId: string;
  readonly groupIds: readonly string[];
  readonly approvalNeeded?: boolean;
  readonly description?: string;
  readonly estimatedInstallationSeconds?: number;
  readonly estimatedPreparationSeconds?: number;
};

/** Created and launched, its devices decided. */
export async function launch(server: ScratchServer, wish: CampaignWish): Promise<Campaign> {
  const campaign = await post<Campaign>(server, '/campaigns', wish);
  await post(server, `/campaigns/${campaign.id}/launch`);
  await server.idle();
  return campaign;
}

export async function statsOf(server: ScratchServer, campaignId: string): Promise<CampaignStats> {
  await server.idle();
  return (await (await server.api('GET', `/campaigns/${campaignId}/stats`)).json()) as CampaignStats;
}

/** Only what is not zero. */
export async function countsOf(server: ScratchServer, campaignId: string): Promise<Record<string, unknown>> {
  const { campaignId: _, failures, ...numbers } = await statsOf(server, campaignId);
  const parts = Object.entries(numbers).filter(([, value]) => value !== 0);
  return { ...Object.fromEntries(parts), ...(failures.length > 0 ? { failures } : {}) };
}

/** `device: state reason`, sorted. */
export async function rowsOf(server: ScratchServer, campaignId: string): Promise<string[]> {
  await server.idle();
  const page = (await (await server.api('GET', `/campaigns/${campaignId}/devices?limit=1000`)).json()) as {
    values: CampaignDevice[];
  };
  const rows = page.values.map(
    (row) => `${row.deviceId}: ${[row.state, row.reason?.code].filter(Boolean).join(' ')}`,
  );
  return rows.toSorted();
}

export function correlationOf(campaign: { readonly id: string }): string {
  return `urn:here-ota:campaign:${campaign.id}`;
}

/** Fetches Targets, and reports the outcome of installing the file. */
export async function install(
  vehicle: Vehicle,
  campaign: { readonly id: string },
  outcome: { readonly filename: string } | { readonly code: string },
): Promise<void> {
  await vehicle.fetchTargets();
  const correlationId = correlationOf(campaign);
  if ('filename' in outcome) {
    vehicle.primary.installed = imageOf(outcome.filename);
    await vehicle.putManifest({
      report: { correlationId, result: { success: true, code: 'OK', description: '' } },
    });
  } else {
    const result = { success: false, code: outcome.code, description: 'it did not work' };
    await vehicle.putManifest({ report: { correlationId, result } });
  }
}
