// `GET /campaigner/campaigns`: what waits for the consent of a device. One campaign that is not as agreed
// is left out and named; the others stay, since a device must not lose all of them for one.
// Source: client-protocol 3.10
import {
  MalformedBodyError,
  own,
  readFields,
  readList,
  readOptionalBoolean,
  readOptionalCount,
  readText,
} from '../decode.ts';
import type { JsonFields } from '../json.ts';

export type Campaign = {
  readonly id: string;
  readonly name: string;
  readonly sizeBytes: number;
  readonly autoAccept: boolean;
  readonly description?: string;
  readonly estimatedInstallationSeconds?: number;
  readonly estimatedPreparationSeconds?: number;
};

export type CampaignsBody = {
  readonly campaigns: readonly {
    readonly id: string;
    readonly name: string;
    readonly size?: number;
    readonly autoAccept?: boolean;
    readonly metadata: readonly { readonly type: string; readonly value: string }[];
  }[];
};

const DESCRIPTION = 'DESCRIPTION';
const INSTALLATION = 'ESTIMATED_INSTALLATION_DURATION';
const PREPARATION = 'ESTIMATED_PREPARATION_DURATION';

export function encodeCampaigns(campaigns: readonly Campaign[]): CampaignsBody {
  return { campaigns: campaigns.map(encodeCampaign) };
}

/** Throws MalformedBodyError when the document as a whole is not a list of campaigns. */
export function decodeCampaigns(value: unknown): {
  readonly campaigns: readonly Campaign[];
  readonly leftOut: readonly string[];
} {
  const list = readList(own(readFields(value, ''), 'campaigns'), 'campaigns');
  const campaigns: Campaign[] = [];
  const leftOut: string[] = [];
  for (const [index, entry] of list.entries()) {
    try {
      campaigns.push(decodeCampaign(entry, `campaigns[${index}]`));
    } catch (error) {
      if (!(error instanceof MalformedBodyError)) throw error;
      leftOut.push(error.message);
    }
  }
  return { campaigns, leftOut };
}

function encodeCampaign(campaign: Campaign): CampaignsBody['campaigns'][number] {
  const metadata: { type: string; value: string }[] = [];
  if (campaign.description !== undefined) metadata.push({ type: DESCRIPTION, value: campaign.description });
  if (campaign.estimatedInstallationSeconds !== undefined) {
    metadata.push({ type: INSTALLATION, value: String(campaign.estimatedInstallationSeconds) });
  }
  if (campaign.estimatedPreparationSeconds !== undefined) {
    metadata.push({ type: PREPARATION, value: String(campaign.estimatedPreparationSeconds) });
  }
  return {
    id: campaign.id,
    name: campaign.name,
    size: campaign.sizeBytes,
    autoAccept: campaign.autoAccept,
    metadata,
  };
}

function decodeCampaign(value: unknown, path: string): Campaign {
  const fields = readFields(value, path);
  const metadata = readMetadata(fields, path);
  const description = metadata.get(DESCRIPTION);
  const installation = readSeconds(metadata, INSTALLATION, path);
  const preparation = readSeconds(metadata, PREPARATION, path);
  return {
    id: readText(fields, 'id', path),
    name: readText(fields, 'name', path),
    sizeBytes: readOptionalCount(fields, 'size', path) ?? 0,
    autoAccept: readOptionalBoolean(fields, 'autoAccept', path) ?? false,
    ...(description === undefined ? {} : { description }),
    ...(installation === undefined ? {} : { estimatedInstallationSeconds: installation }),
    ...(preparation === undefined ? {} : { estimatedPreparationSeconds: preparation }),
  };
}

/** Unknown types are ignored; a known type given twice leaves the meaning open, so it is refused. */
function readMetadata(fields: JsonFields, path: string): ReadonlyMap<string, string> {
  const known = new Map<string, string>();
  const value = own(fields, 'metadata');
  if (value === undefined || value === null) return known;
  for (const [index, entry] of readList(value, `${path}.metadata`).entries()) {
    const place = `${path}.metadata[${index}]`;
    const item = readFields(entry, place);
    const type = readText(item, 'type', place);
    if (type !== DESCRIPTION && type !== INSTALLATION && type !== PREPARATION) continue;
    if (known.has(type)) throw new MalformedBodyError(place, `the only one of its type (${type})`);
    const text = own(item, 'value');
    if (typeof text !== 'string') throw new MalformedBodyError(`${place}.value`, 'a text');
    known.set(type, text);
  }
  return known;
}

function readSeconds(metadata: ReadonlyMap<string, string>, type: string, path: string): number | undefined {
  const text = metadata.get(type);
  if (text === undefined) return undefined;
  if (!/^[0-9]{1,15}$/.test(text)) throw new MalformedBodyError(`${path}.metadata`, `seconds for ${type}`);
  return Number(text);
}
