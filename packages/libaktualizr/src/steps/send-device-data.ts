// What the device tells about itself, in the original's order, each only when it changed since the server took it last.
// A server that refuses one of them does not stop the others; one that cannot be reached stops the step.
// client-protocol 3.9.
import { canonicalText, sha256Hex, type JsonObject } from '@ota-connect/uptane';
import type { DeviceDataKind } from '../ports.ts';
import { TransportError } from '../errors.ts';
import type { StepContext } from './context.ts';

type Body = JsonObject | readonly JsonObject[] | string;

/** Answers whether the server has everything now. @throws TransportError when the server is out of reach */
export async function sendDeviceData(context: StepContext): Promise<boolean> {
  const { deviceData, packageManager } = context;
  const sent = [
    await sendIfChanged(context, 'hardware_info', await deviceData.hardwareInfo()),
    await sendIfChanged(context, 'installed_packages', [...(await packageManager.installedPackages())]),
    await sendIfChanged(context, 'network_info', await deviceData.networkInfo()),
    await sendIfChanged(context, 'configuration', deviceData.configuration()),
  ];
  context.events.emit({ kind: 'SendDeviceDataComplete' });
  return sent.every(Boolean);
}

export async function sendChangedNetworkInfo(context: StepContext): Promise<boolean> {
  return sendIfChanged(context, 'network_info', await context.deviceData.networkInfo());
}

async function sendIfChanged(
  context: StepContext,
  kind: DeviceDataKind,
  body: Body | undefined,
): Promise<boolean> {
  if (body === undefined) return true;
  const { reports } = context.storage;
  // The original hashes the canonical form and writes the hash in upper case.
  const text = typeof body === 'string' ? body : canonicalText(body);
  const hash = sha256Hex(Buffer.from(text)).toUpperCase();
  if (reports.sentHash(kind) === hash) return true;
  try {
    await context.gateway.sendDeviceData(kind, body);
  } catch (error) {
    if (!(error instanceof TransportError) || error.code !== 'http_status') throw error;
    context.log('debug', `Device data ${kind} was not accepted: ${error.message}`);
    return false;
  }
  reports.saveSentHash(kind, hash);
  return true;
}
