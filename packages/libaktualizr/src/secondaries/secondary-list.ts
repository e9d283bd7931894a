// The Secondaries that are plugged into a device client, in the order in which they were added. client-features API-19.
import type { EcuSerial } from '@ota-connect/uptane';
import { SecondaryError } from '../errors.ts';
import type { Secondary } from '../ports.ts';
import { guarded } from './guarded.ts';

export class SecondaryList {
  readonly #bySerial = new Map<EcuSerial, Secondary>();

  constructor(secondaries: readonly Secondary[] = []) {
    for (const secondary of secondaries) this.add(secondary);
  }

  /** @throws SecondaryError `duplicate_serial` */
  add(secondary: Secondary): void {
    const { serial } = secondary.identity;
    if (this.#bySerial.has(serial)) {
      const message = `There are two Secondaries with the serial ${serial}.`;
      throw new SecondaryError('duplicate_serial', message, { details: { ecu: serial } });
    }
    this.#bySerial.set(serial, guarded(secondary));
  }

  get(serial: EcuSerial): Secondary | undefined {
    return this.#bySerial.get(serial);
  }

  all(): readonly Secondary[] {
    return [...this.#bySerial.values()];
  }
}
