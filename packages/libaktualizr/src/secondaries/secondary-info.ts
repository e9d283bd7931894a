// What is known of the Secondaries: those that are plugged in, and those that only the storage knows still.
// client-features API-20.
import type { EcuSerial, HardwareId, PublicKey } from '@ota-connect/uptane';
import type { StepContext } from '../steps/context.ts';

export type SecondaryInfo = {
  readonly serial: EcuSerial;
  /** Absent for one that was never registered and is not plugged in. */
  readonly hardwareId?: HardwareId;
  readonly type: string;
  readonly publicKey?: PublicKey;
  /** What its driver keeps in the storage. */
  readonly data?: string;
  readonly isPluggedIn: boolean;
};

export function describeSecondaries({ secondaries, storage }: StepContext): readonly SecondaryInfo[] {
  const stored = new Map(storage.secondaries.all().map((one) => [one.serial, one]));
  const registered = new Map(storage.identity.ecus().map((ecu) => [ecu.serial, ecu.hardwareId]));
  const pluggedIn = secondaries.all().map(({ identity }): SecondaryInfo => {
    const { serial, hardwareId, type, publicKey } = identity;
    return { serial, hardwareId, type, publicKey, ...dataOf(stored.get(serial)), isPluggedIn: true };
  });
  const others = [...stored.values()]
    .filter(({ serial }) => secondaries.get(serial) === undefined)
    .map((one): SecondaryInfo => {
      const { serial, type, publicKey } = one;
      const hardwareId = registered.get(serial);
      return {
        serial,
        ...(hardwareId === undefined ? {} : { hardwareId }),
        type,
        ...(publicKey === undefined ? {} : { publicKey }),
        ...dataOf(one),
        isPluggedIn: false,
      };
    });
  return [...pluggedIn, ...others];
}

function dataOf(stored: { readonly data: string | undefined } | undefined): { readonly data?: string } {
  return stored?.data === undefined ? {} : { data: stored.data };
}
