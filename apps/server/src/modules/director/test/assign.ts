// Assigns an update the way campaigns do, and shows what became of it.
import { sha256Hex } from '@ota-connect/uptane';
import type { ScratchServer } from '../../../../test/app.ts';
import type { Vehicle } from '../../../../test/vehicle.ts';
import { inTransaction } from '../../../platform/db/database.ts';
import {
  assignUpdate,
  cancelAssignments,
  type Assigned,
  type Cancelled,
  type UpdateTarget,
} from '../index.ts';
import type { AssignedTarget, Image } from '../assignment.ts';

export function imageOf(filename: string): Image {
  const bytes = new TextEncoder().encode(filename);
  return { filename, lengthBytes: bytes.length, sha256: sha256Hex(bytes) };
}

export function installedImage(filename: string): { name: string; lengthBytes: number; sha256: string } {
  const { filename: name, lengthBytes, sha256 } = imageOf(filename);
  return { name, lengthBytes, sha256 };
}

export function softwareTarget(
  hardwareId: string,
  filename: string,
  rest: { from?: string } & Partial<AssignedTarget> = {},
): UpdateTarget {
  const { from, ...target } = rest;
  return {
    hardwareId,
    to: { ...imageOf(filename), ...target },
    ...(from === undefined ? {} : { from: imageOf(from) }),
  };
}

export async function uuidOf(server: ScratchServer, deviceId: string): Promise<string> {
  const page = (await (await server.api('GET', `/devices?deviceId=${deviceId}`)).json()) as {
    values: { uuid: string }[];
  };
  return page.values[0]?.uuid ?? '';
}

export async function assign(
  server: ScratchServer,
  vehicle: Vehicle,
  update: { readonly correlationId: string; readonly targets: readonly UpdateTarget[] },
): Promise<Assigned> {
  const deviceUuid = await uuidOf(server, vehicle.deviceId);
  const request = { environment: 'default', deviceUuid, ...update };
  return inTransaction(server.ctx.db, (tx) => assignUpdate(server.ctx, tx, request));
}

export async function cancel(
  server: ScratchServer,
  vehicle: Vehicle,
  correlationId: string,
): Promise<Cancelled> {
  const deviceUuid = await uuidOf(server, vehicle.deviceId);
  const update = { environment: 'default', deviceUuid, correlationId };
  return inTransaction(server.ctx.db, (tx) => cancelAssignments(server.ctx, tx, update));
}

export type ShownUpdate = {
  correlationId: string;
  ecuSerial: string;
  target: string;
  state: string;
  result?: { code: string };
};

/** `ecu target state code`, oldest first. */
export async function updatesOf(server: ScratchServer, vehicle: Vehicle): Promise<string[]> {
  const uuid = await uuidOf(server, vehicle.deviceId);
  const page = (await (await server.api('GET', `/devices/${uuid}/updates`)).json()) as {
    values: ShownUpdate[];
  };
  return page.values
    .toReversed()
    .map(({ ecuSerial, target, state, result }) =>
      [ecuSerial, target, state, result?.code].filter(Boolean).join(' '),
    );
}

export async function statusOf(server: ScratchServer, vehicle: Vehicle): Promise<unknown> {
  await server.idle();
  const uuid = await uuidOf(server, vehicle.deviceId);
  return ((await (await server.api('GET', `/devices/${uuid}`)).json()) as { status: string }).status;
}
