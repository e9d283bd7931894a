// `POST /events`: what happened on a device, in batches. The ids below are those that exist; a server keeps others too,
// as devices of other makers send their own.
// Source: client-protocol 5.4; server-protocol 8.7
import {
  MalformedBodyError,
  own,
  readFields,
  readList,
  readOptionalBoolean,
  readOptionalCount,
  readOptionalText,
  readText,
} from '../decode.ts';

export const CAMPAIGN_DECISIONS = {
  accept: 'campaign_accepted',
  decline: 'campaign_declined',
  postpone: 'campaign_postponed',
} as const;

export type CampaignDecision = keyof typeof CAMPAIGN_DECISIONS;

export const DEVICE_EVENT_IDS = [
  'campaign_accepted',
  'campaign_declined',
  'campaign_postponed',
  'DevicePaused',
  'DeviceResumed',
  'EcuDownloadStarted',
  'EcuDownloadCompleted',
  'EcuInstallationStarted',
  'EcuInstallationApplied',
  'EcuInstallationCompleted',
] as const;

export type DeviceEventId = (typeof DEVICE_EVENT_IDS)[number];

export type DeviceEventDetails = {
  readonly correlationId?: string;
  readonly ecu?: string;
  readonly success?: boolean;
  readonly campaignId?: string;
};

export type DeviceEvent = {
  readonly id: string;
  /** UTC seconds, `YYYY-MM-DDTHH:MM:SSZ`. */
  readonly deviceTime: string;
  /** One of DEVICE_EVENT_IDS, or another maker's own. */
  readonly eventType: { readonly id: DeviceEventId | (string & {}); readonly version: number };
  readonly event: DeviceEventDetails;
};

/** In the order sent. Keeps the known members of each event; who wants the others too keeps what arrived. */
export function decodeDeviceEvents(value: unknown): readonly DeviceEvent[] {
  return readList(value, '').map((entry, index) => decodeDeviceEvent(entry, `[${index}]`));
}

function decodeDeviceEvent(value: unknown, path: string): DeviceEvent {
  const fields = readFields(value, path);
  const eventType = readFields(own(fields, 'eventType'), `${path}.eventType`);
  const deviceTime = readText(fields, 'deviceTime', path);
  if (Number.isNaN(Date.parse(deviceTime))) throw new MalformedBodyError(`${path}.deviceTime`, 'a time');
  return {
    id: readText(fields, 'id', path),
    deviceTime,
    eventType: {
      id: readText(eventType, 'id', `${path}.eventType`),
      version: readOptionalCount(eventType, 'version', `${path}.eventType`) ?? 0,
    },
    event: decodeDetails(own(fields, 'event'), `${path}.event`),
  };
}

function decodeDetails(value: unknown, path: string): DeviceEventDetails {
  const fields = readFields(value, path);
  const correlationId = readOptionalText(fields, 'correlationId', path);
  const ecu = readOptionalText(fields, 'ecu', path);
  const success = readOptionalBoolean(fields, 'success', path);
  const campaignId = readOptionalText(fields, 'campaignId', path);
  return {
    ...(correlationId === undefined ? {} : { correlationId }),
    ...(ecu === undefined ? {} : { ecu }),
    ...(success === undefined ? {} : { success }),
    ...(campaignId === undefined ? {} : { campaignId }),
  };
}
