// One step: the device has an identity that the server knows. TLS credentials, then the registration of its ECUs when
// they are new or differ from what was registered. Every operation may try; nothing is lost by a failure.
// client-protocol 3.1, 3.2, 6.1.
import { ProvisioningError } from '../errors.ts';
import type { EcuIdentity, Gateway, SecondaryIdentity } from '../ports.ts';
import { ensureCredentials } from './device-credentials.ts';
import type { CredentialDeps } from './device-credentials.ts';

export type ProvisionDeps = CredentialDeps & {
  /** The device's own gateway; it finds the credentials in the storage. */
  readonly gateway: Pick<Gateway, 'registerEcus'>;
  /** From prepareDevice. */
  readonly primary: EcuIdentity;
  /** Those that are plugged in now. */
  readonly secondaries?: () => readonly SecondaryIdentity[];
};

/** Throws ProvisioningError when the server refuses, TransportError when it cannot be reached, StorageError. */
export async function provision(deps: ProvisionDeps): Promise<'provisioned' | 'already_provisioned'> {
  const { storage, primary } = deps;
  await ensureCredentials(deps);
  const secondaries = deps.secondaries?.() ?? [];
  const ecus = [primary, ...secondaries.map(ecuOf)];
  if (storage.identity.isRegistered() && isSameSet(storage.identity.ecus(), ecus))
    return 'already_provisioned';
  await registerEcus(deps, secondaries);
  storage.transaction(() => {
    storage.identity.saveRegistration(ecus);
    storage.secondaries.saveRegistered(secondaries);
  });
  return 'provisioned';
}

async function registerEcus(
  { storage, gateway, primary }: ProvisionDeps,
  secondaries: readonly SecondaryIdentity[],
): Promise<void> {
  const key = storage.identity.primaryKey();
  if (key === undefined) {
    throw new ProvisioningError(
      'not_provisioned',
      'The Primary has no Uptane key: its identity was not prepared.',
    );
  }
  await gateway.registerEcus({
    primaryEcuSerial: primary.serial,
    ecus: [{ ...primary, publicKey: key.publicKey }, ...secondaries].map(
      ({ serial, hardwareId, publicKey }) => ({ ecuSerial: serial, hardwareId, clientKey: publicKey }),
    ),
  });
}

function ecuOf({ serial, hardwareId }: SecondaryIdentity): EcuIdentity {
  return { serial, hardwareId, isPrimary: false };
}

function isSameSet(stored: readonly EcuIdentity[], wanted: readonly EcuIdentity[]): boolean {
  const known = new Set(stored.map((ecu) => `${ecu.serial}\n${ecu.hardwareId}`));
  return (
    stored.length === wanted.length && wanted.every((ecu) => known.has(`${ecu.serial}\n${ecu.hardwareId}`))
  );
}
