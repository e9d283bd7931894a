// What the command adds to the library's own wiring: its name and the file of the custom hardware information.
// Nothing here touches the network. ARCHITECTURE 4.4.
import { createAktualizr, type Aktualizr, type Log } from '@ota-connect/libaktualizr';
import type { Config } from '@ota-connect/libaktualizr/config/config';
import { readHardwareInfoFile } from '@ota-connect/libaktualizr/device-data/hardware-info';
import type { Clock } from '@ota-connect/libaktualizr/ports';
import { systemClock } from '@ota-connect/libaktualizr/wiring/system-clock';
import { readVersion } from './version.ts';

export type Wiring = {
  readonly config: Config;
  readonly log: Log;
  readonly hardwareInfoFile: string | undefined;
  /** Ends what is under way. */
  readonly stop: AbortSignal;
};

export type Composed = {
  readonly aktualizr: Aktualizr;
  readonly clock: Clock;
  /** Closes the connection and the storage; the process can end then. */
  readonly close: () => void;
};

/** Throws ConfigError and StorageError (`locked` with the pid of the other aktualizr). */
export async function compose({ config, log, hardwareInfoFile, stop }: Wiring): Promise<Composed> {
  const hardwareInfo = hardwareInfoFile === undefined ? undefined : readHardwareInfoFile(hardwareInfoFile);
  const aktualizr = await createAktualizr({
    config,
    log,
    signal: stop,
    clock: systemClock,
    userAgent: `Aktualizr/${readVersion()}`,
    ...(hardwareInfo === undefined ? {} : { hardwareInfo }),
  });
  return { aktualizr, clock: systemClock, close: () => aktualizr.close() };
}
