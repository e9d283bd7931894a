// A vehicle as the Director sees one: it registers ECUs with keys of its own, signs manifests, fetches metadata and sends
// events, over real mutual TLS. What it reports is up to the test, honest or not.
import { randomUUID } from 'node:crypto';
import {
  createSigner,
  ecuVersionReport,
  generateKeyPair,
  installationReport,
  parseEcuSerial,
  parseStrictJson,
  sha256Hex,
  signEnvelope,
  vehicleVersionManifest,
  type InstallationReport,
  type InstalledImage,
  type JsonObject,
  type JsonValue,
  type PublicKey,
  type Signer,
} from '@ota-connect/uptane';
import type { ScratchServer } from './app.ts';
import { provisionDevice, type Answer, type TestDevice } from './device.ts';

export const UNKNOWN_IMAGE: InstalledImage = {
  name: 'unknown',
  lengthBytes: 0,
  sha256: sha256Hex(new Uint8Array()),
};

export type TestEcu = {
  readonly serial: string;
  readonly hardwareId: string;
  publicKey: PublicKey;
  signer: Signer;
  installed: InstalledImage;
};

export type SignedDocument = {
  readonly version: number;
  readonly expires: string;
  readonly targets: Readonly<
    Record<string, { length: number; hashes: unknown; custom: Record<string, unknown> }>
  >;
  readonly custom?: { readonly correlationId?: string; readonly vehicleId?: string };
};

export type Report = Omit<InstallationReport, 'rawReport' | 'items'> &
  Partial<Pick<InstallationReport, 'items'>>;

export type ManifestOptions = {
  readonly report?: Report;
  /** ECUs whose report is left out. */
  readonly without?: readonly string[];
  readonly signer?: Signer;
  readonly primarySerial?: string;
  /** Last change before the outer signature. */
  readonly forge?: (reports: Map<string, JsonValue>) => void;
  readonly counter?: number;
  readonly vehicleId?: string;
  /** What ECUs say that they saw, by serial. */
  readonly attacks?: Readonly<Record<string, string>>;
};

export type Vehicle = {
  readonly device: TestDevice;
  readonly deviceId: string;
  readonly ecus: readonly TestEcu[];
  readonly primary: TestEcu;
  register(): Promise<Answer>;
  manifest(options?: ManifestOptions): Promise<JsonValue>;
  putManifest(options?: ManifestOptions): Promise<Answer>;
  fetchTargets(): Promise<SignedDocument>;
  sendEvent(eventType: string, event: Record<string, unknown>, id?: string): Promise<Answer>;
  offered(): Promise<{ id: string; name: string; [member: string]: unknown }[]>;
};

export async function createEcu(serial: string, hardwareId: string): Promise<TestEcu> {
  const { publicKey, privateKey } = await generateKeyPair('ED25519');
  return {
    serial,
    hardwareId,
    publicKey,
    signer: createSigner(publicKey, privateKey),
    installed: UNKNOWN_IMAGE,
  };
}

export function registrationOf(ecus: readonly TestEcu[], primarySerial: string): Record<string, unknown> {
  return {
    primary_ecu_serial: primarySerial,
    ecus: ecus.map((ecu) => ({
      ecu_serial: ecu.serial,
      hardware_identifier: ecu.hardwareId,
      clientKey: ecu.publicKey,
    })),
  };
}

/** Provisioned, not yet registered. The first ECU is the Primary. */
export async function createVehicle(
  server: ScratchServer,
  deviceId: string,
  hardwareIds: readonly string[] = ['gateway'],
): Promise<Vehicle> {
  const ecus: TestEcu[] = [];
  for (const [index, hardwareId] of hardwareIds.entries()) {
    ecus.push(await createEcu(`${deviceId}-ecu-${index}`, hardwareId));
  }
  const [primary] = ecus;
  if (primary === undefined) throw new Error('a vehicle has at least its Primary');
  return vehicleOf(await provisionDevice(server, deviceId), { deviceId, ecus, primary });
}

/** Registered, and its first manifest sent. */
export async function createOnlineVehicle(
  server: ScratchServer,
  deviceId: string,
  hardwareIds?: readonly string[],
): Promise<Vehicle> {
  const vehicle = await createVehicle(server, deviceId, hardwareIds);
  await vehicle.register();
  await vehicle.putManifest();
  await server.idle();
  return vehicle;
}

type Identity = { readonly deviceId: string; readonly ecus: readonly TestEcu[]; readonly primary: TestEcu };

function vehicleOf(device: TestDevice, { deviceId, ecus, primary }: Identity): Vehicle {
  let counter = 0;
  const manifest = async (options: ManifestOptions = {}): Promise<JsonValue> => {
    const reports = new Map<string, JsonValue>();
    for (const ecu of ecus.filter((one) => !options.without?.includes(one.serial))) {
      const reportCounter = ecu === primary ? { reportCounter: options.counter ?? ++counter } : {};
      const version = {
        ecuSerial: ecu.serial,
        installed: ecu.installed,
        attacksDetected: options.attacks?.[ecu.serial] ?? '',
        ...reportCounter,
      };
      reports.set(ecu.serial, await sign(ecuVersionReport(version), ecu.signer));
    }
    options.forge?.(reports);
    const signed = vehicleVersionManifest({
      primary: parseEcuSerial(options.primarySerial ?? primary.serial),
      reports: new Map([...reports].map(([serial, report]) => [parseEcuSerial(serial), report])),
      ...reportPart(options.report),
      ...(options.vehicleId === undefined ? {} : { vehicleId: options.vehicleId }),
    });
    return sign(signed, options.signer ?? primary.signer);
  };
  return {
    device,
    deviceId,
    ecus,
    primary,
    manifest,
    register: () => device.send('POST', '/director/ecus', { body: registrationOf(ecus, primary.serial) }),
    putManifest: async (options) =>
      device.send('PUT', '/director/manifest', { body: await manifest(options) }),
    async fetchTargets() {
      const answer = await device.send('GET', '/director/targets.json');
      if (answer.status !== 200) throw new Error(`targets.json was answered ${answer.status}`);
      return answer.json()['signed'] as SignedDocument;
    },
    sendEvent(eventType, event, id = randomUUID()) {
      const body = [
        { id, deviceTime: '2026-11-24T10:00:00Z', eventType: { id: eventType, version: 0 }, event },
      ];
      return device.send('POST', '/events', { body });
    },
    async offered() {
      const answer = await device.send('GET', '/campaigner/campaigns');
      return answer.json()['campaigns'] as { id: string; name: string }[];
    },
  };
}

async function sign(signed: JsonObject, signer: Signer): Promise<JsonValue> {
  return parseStrictJson(await signEnvelope(signed, [signer]));
}

function reportPart(report: Report | undefined): { installationReport?: JsonObject } {
  if (report === undefined) return {};
  return { installationReport: installationReport({ rawReport: '', items: [], ...report }) };
}
