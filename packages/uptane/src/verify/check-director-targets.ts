// What the Director's Targets may not do, whoever signed them: be those of another vehicle, delegate, name an ECU twice,
// name one that is not here, or take one for other hardware. Source: Uptane Standard #check_targets, #targets_images_metadata
import { MetadataError } from '../errors.ts';
import { readOptional, readString } from '../json/decode.ts';
import { refusingMalformed, type DocumentOrigin } from '../metadata/envelope.ts';
import { readEcuIdentifiers, type Targets } from '../metadata/targets.ts';
import type { Vehicle } from './verdict.ts';

export type Addressee = Pick<Vehicle, 'ecus' | 'ids' | 'role'>;

const ORIGIN: DocumentOrigin = { role: 'targets', repository: 'director' };
const FROM = { role: 'Targets', repository: 'director' } as const;

/** @throws MetadataError DirectorDelegation, DirectorRepeatedEcuId, BadEcuId, BadHardwareId, SecurityException */
export function checkDirectorTargets(targets: Targets, vehicle: Addressee): void {
  checkVehicleId(targets, vehicle.ids);
  if (targets.delegations !== undefined && targets.delegations.list.length > 0) {
    throw new MetadataError('DirectorDelegation', 'The Director delegates, which it must not.', FROM);
  }
  const hardware = new Map<string, string>(vehicle.ecus.map((ecu) => [ecu.serial, ecu.hardwareId]));
  const seen = new Set<string>();
  for (const entry of targets.targets.values()) {
    for (const [serial, hardwareId] of refusingMalformed(ORIGIN, () => readEcuIdentifiers(entry.custom))) {
      const from = { ...FROM, details: { target: entry.name, ecu: serial } };
      if (seen.has(serial)) {
        throw new MetadataError('DirectorRepeatedEcuId', `The Director names ECU "${serial}" twice.`, from);
      }
      seen.add(serial);
      const known = hardware.get(serial);
      if (known === hardwareId) continue;
      if (known !== undefined) {
        const text = `The Director takes ECU "${serial}" for "${hardwareId}"; it is "${known}".`;
        throw new MetadataError('BadHardwareId', text, from);
      }
      // A Secondary has only the Director's word for which other ECUs there are.
      if (vehicle.role === 'secondary') continue;
      const text = `The Director names ECU "${serial}", which is not in this vehicle.`;
      throw new MetadataError('BadEcuId', text, from);
    }
  }
}

/** A list without images would do for any vehicle, if it did not say whose it is. Originals do not say. */
export function checkVehicleId(
  { custom }: Pick<Targets, 'custom'>,
  ids: ReadonlySet<string> | undefined,
): void {
  const vehicleId = refusingMalformed(ORIGIN, () => readOptional(custom, 'vehicleId', readString));
  if (vehicleId === undefined || ids === undefined || ids.has(vehicleId)) return;
  const text = `The Director’s Targets are for the vehicle "${vehicleId.slice(0, 80)}", which is not this one.`;
  throw new MetadataError('BadEcuId', text, { ...FROM, details: { vehicleId } });
}
