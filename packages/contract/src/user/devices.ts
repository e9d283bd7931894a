// Devices as a person sees them. The words of `status` are the original's and read oddly, hence their one meaning each:
// NotSeen no contact yet, UpToDate nothing assigned, Outdated something assigned, UpdatePending picked up by the
// device, Error the last update failed.
// Source: server-protocol 8.1
import { Type, type Static } from 'typebox';
import { LengthBytes, Sha256, Time, Uuid } from './common.ts';

export const DEVICE_STATUSES = ['NotSeen', 'UpToDate', 'UpdatePending', 'Outdated', 'Error'] as const;
export type DeviceStatus = (typeof DEVICE_STATUSES)[number];

// An ECU reports what it likes (`unknown`, an empty hardware id), so answers are not limited as inputs are.
const EcuSchema = Type.Object({
  serial: Type.String(),
  hardwareId: Type.String(),
  primary: Type.Boolean(),
  /** Absent until the ECU has reported for the first time. */
  installed: Type.Optional(
    Type.Object({ filename: Type.String(), lengthBytes: LengthBytes, sha256: Sha256 }),
  ),
});
export type DeviceEcu = Static<typeof EcuSchema>;

/** What an ECU says that it saw, in its words; said again it is the same one. */
export const DeviceAttackSchema = Type.Object({
  ecuSerial: Type.String(),
  text: Type.String(),
  /** When it was last said, and first. */
  at: Time,
  firstAt: Time,
});
export type DeviceAttack = Static<typeof DeviceAttackSchema>;

export const DeviceSchema = Type.Object({
  uuid: Uuid,
  deviceId: Type.String(),
  name: Type.String(),
  status: Type.Enum(DEVICE_STATUSES),
  createdAt: Time,
  lastSeen: Type.Optional(Time),
  ecus: Type.Optional(Type.Array(EcuSchema)),
  /** The newest first, a few of them: `/devices/UUID/attacks` has all that are kept. */
  attacks: Type.Optional(Type.Array(DeviceAttackSchema)),
});
export type Device = Static<typeof DeviceSchema>;

const UPDATE_STATES = ['queued', 'assigned', 'in_flight', 'completed', 'failed', 'cancelled'] as const;
export type DeviceUpdateState = (typeof UPDATE_STATES)[number];

export const DeviceUpdateSchema = Type.Object({
  correlationId: Type.String(),
  ecuSerial: Type.String(),
  target: Type.String(),
  state: Type.Enum(UPDATE_STATES),
  result: Type.Optional(Type.Object({ code: Type.String(), description: Type.String() })),
  createdAt: Time,
  completedAt: Type.Optional(Time),
});
export type DeviceUpdate = Static<typeof DeviceUpdateSchema>;

const ReportedResult = Type.Object({
  success: Type.Boolean(),
  code: Type.String(),
  description: Type.String(),
});

/** An installation report as the device signed it. It is sent again until the device knows that it arrived. */
export const InstallationReportSchema = Type.Object({
  correlationId: Type.String(),
  result: ReportedResult,
  rawReport: Type.String(),
  items: Type.Array(Type.Object({ ecu: Type.String(), result: ReportedResult })),
  receivedAt: Time,
  lastReceivedAt: Time,
  timesReceived: Type.Integer(),
});
export type DeviceInstallationReport = Static<typeof InstallationReportSchema>;

/** An event as the device sent it, with the time it arrived. */
export const StoredEventSchema = Type.Object({
  id: Type.String(),
  deviceTime: Type.String(),
  receivedAt: Time,
  eventType: Type.Object({ id: Type.String(), version: Type.Integer() }),
  event: Type.Record(Type.String(), Type.Unknown()),
});
export type StoredEvent = Static<typeof StoredEventSchema>;
