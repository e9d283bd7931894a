// The Secondaries that are plugged into a device client, in the order in which they were added. client-features API-19.
import { quoted, type EcuSerial } from '@ota-connect/uptane';
import { SecondaryError } from '../errors.ts';
import type { Secondary } from '../ports.ts';
import { guarded } from './guarded.ts';

export class SecondaryList {
  readonly #bySerial = new Map<EcuSerial, Secondary>();

  readonly #primary: EcuSerial | undefined;

  /** `primary`: its serial, which no Secondary may have. */
  constructor(secondaries: readonly Secondary[] = [], primary?: EcuSerial) {
    this.#primary = primary;
    for (const secondary of secondaries) this.add(secondary);
  }

  /** @throws SecondaryError `duplicate_serial` */
  add(secondary: Secondary): void {
    const { serial } = secondary.identity;
    if (this.#bySerial.has(serial) || serial === this.#primary) {
      const message = `There are two ECUs with the serial ${quoted(serial, 64)}.`;
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
