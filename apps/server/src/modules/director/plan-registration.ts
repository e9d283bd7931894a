// What a registration does to the inventory of a device. A device registers again whenever its set of ECUs changes, or its
// keys were made anew; it may do so with its own ECUs alone:
//   - an ECU that an update is under way for stays, as the hardware it is
//   - an ECU that was taken out does not come back under its old serial
//   - an ECU that another device has today is that device's
// Source: server-protocol 4.1; client-protocol 3.2; requirement 5.3.2.2-2
import type { EcuRegistration, RegisteredEcu } from '@ota-connect/contract/device';

export type KnownEcu = {
  readonly serial: string;
  readonly hardwareId: string;
  readonly keyText: string;
  readonly removed: boolean;
};

export type Inventory = {
  /** Absent: the device has never registered. */
  readonly primarySerial?: string;
  /** Those removed included. */
  readonly ecus: readonly KnownEcu[];
  /** Serials with an assignment that has not ended. */
  readonly busy: ReadonlySet<string>;
  /** Serials of the registration that another device has today. */
  readonly taken: ReadonlySet<string>;
};

export type RegistrationRefusal =
  | 'ecu_already_registered'
  | 'ecu_reuse_not_allowed'
  | 'replace_ecu_assignment_exists';

export type RegistrationPlan =
  | { readonly kind: 'refused'; readonly code: RegistrationRefusal; readonly reason: string }
  | { readonly kind: 'unchanged' }
  | {
      readonly kind: 'save';
      readonly isNew: boolean;
      /** `keepsImage`: the same hardware, so what is known to be installed stays known. */
      readonly save: readonly { readonly ecu: RegisteredEcu; readonly keepsImage: boolean }[];
      readonly remove: readonly string[];
    };

export function planRegistration(
  inventory: Inventory,
  registration: EcuRegistration,
  keyTextOf: (ecu: RegisteredEcu) => string,
): RegistrationPlan {
  const known = new Map(inventory.ecus.map((ecu) => [ecu.serial, ecu]));
  for (const ecu of registration.ecus) {
    if (inventory.taken.has(ecu.ecuSerial)) {
      return refuse('ecu_already_registered', `The ECU "${ecu.ecuSerial}" belongs to another device.`);
    }
    const before = known.get(ecu.ecuSerial);
    if (before?.removed === true) {
      return refuse(
        'ecu_reuse_not_allowed',
        `The ECU "${ecu.ecuSerial}" was removed from this device before.`,
      );
    }
    if (before !== undefined && before.hardwareId !== ecu.hardwareId && inventory.busy.has(ecu.ecuSerial)) {
      return refuse('replace_ecu_assignment_exists', `An update of the ECU "${ecu.ecuSerial}" is under way.`);
    }
  }
  const wanted = new Set(registration.ecus.map((ecu) => ecu.ecuSerial));
  const remove = inventory.ecus
    .filter((ecu) => !ecu.removed && !wanted.has(ecu.serial))
    .map((ecu) => ecu.serial);
  const busy = remove.find((serial) => inventory.busy.has(serial));
  if (busy !== undefined) {
    return refuse('replace_ecu_assignment_exists', `An update of the ECU "${busy}" is under way.`);
  }
  const save = registration.ecus.flatMap((ecu) => {
    const before = known.get(ecu.ecuSerial);
    const keepsImage = before?.hardwareId === ecu.hardwareId;
    return keepsImage && before.keyText === keyTextOf(ecu) ? [] : [{ ecu, keepsImage }];
  });
  const samePrimary = inventory.primarySerial === registration.primaryEcuSerial;
  if (samePrimary && save.length === 0 && remove.length === 0) return { kind: 'unchanged' };
  return { kind: 'save', isNew: inventory.primarySerial === undefined, save, remove };
}

function refuse(code: RegistrationRefusal, reason: string): RegistrationPlan {
  return { kind: 'refused', code, reason };
}
