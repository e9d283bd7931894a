// The operator's part of an update, in `ota` commands: software, group, update, campaign, launched.
import { writeFileSync } from 'node:fs';
import { randomBytes } from 'node:crypto';
import path from 'node:path';
import type { System } from './system.ts';

type Created = { readonly id: string };

/** A file of `length` random bytes, so that nothing can be compressed or guessed. */
export function makeImage(system: System, name: string, length: number): string {
  const file = path.join(system.folder, name);
  writeFileSync(file, randomBytes(length));
  return file;
}

/** Uploads `file` for the board of the e2e devices and launches a campaign over the named group. */
export async function launchCampaign(
  system: System,
  options: {
    readonly name: string;
    readonly file: string;
    readonly group: string;
    readonly approvalNeeded?: boolean;
    /** Of other boards than those of the e2e devices. */
    readonly hardwareId?: string;
  },
): Promise<{ readonly campaignId: string; readonly filename: string }> {
  const filename = path.basename(options.file);
  const hardwareId = options.hardwareId ?? 'e2e-board';
  await system.ota(
    'software',
    'upload',
    options.file,
    '--name',
    'firmware',
    '--version',
    options.name,
    '--hardware-ids',
    hardwareId,
  );
  const update = (await system.ota(
    'update',
    'create',
    '--name',
    options.name,
    '--target',
    `${hardwareId}=${filename}`,
  )) as Created;
  const consent = options.approvalNeeded === true ? ['--approval-needed'] : [];
  const campaign = (await system.ota(
    'campaign',
    'create',
    '--name',
    options.name,
    '--update',
    update.id,
    '--group',
    options.group,
    ...consent,
  )) as Created;
  await system.ota('campaign', 'launch', campaign.id);
  return { campaignId: campaign.id, filename };
}
