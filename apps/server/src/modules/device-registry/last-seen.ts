// When devices were last in contact. A poll only notes it in memory; the notes are written together, a few times a second,
// since a write per poll would cost more than the poll. What a killed process had not written is noted again at the
// next poll. Source: stack.md section 3, "Design finding"
import type { Context } from '../../platform/context.ts';
import { inTransaction } from '../../platform/db/database.ts';
import { publish } from '../../platform/outbox/publish.ts';
import { nextDeviceStatus } from './device-status.ts';
import type { DeviceSeen } from './events.ts';
import { findDeviceRow, recordContact, setDeviceStatus, type Contact } from './store.ts';

const FLUSH_MS = 250;

export class LastSeen {
  readonly #ctx: Context;
  #noted = new Map<string, Contact>();
  #timer: NodeJS.Timeout | undefined;
  #writing: Promise<void> = Promise.resolve();

  constructor(ctx: Context) {
    this.#ctx = ctx;
  }

  note(environment: string, uuid: string): void {
    this.#noted.set(`${environment} ${uuid}`, { environment, uuid, at: this.#ctx.clock.now() });
    this.#timer ??= setTimeout(() => {
      this.flush().catch((error: unknown) =>
        this.#ctx.log.error({ err: error }, 'Contacts could not be written'),
      );
    }, FLUSH_MS).unref();
  }

  /** Writes what is noted; resolves when everything noted before is written. */
  flush(): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#writing = this.#writing.catch(() => undefined).then(() => this.#write());
    return this.#writing;
  }

  async #write(): Promise<void> {
    const contacts = [...this.#noted.values()];
    if (contacts.length === 0) return;
    this.#noted = new Map();
    await inTransaction(this.#ctx.db, async (tx) => {
      for (const contact of contacts) {
        if (!(await recordContact(tx, contact))) continue;
        const { environment, uuid } = contact;
        const device = await findDeviceRow(tx, environment, uuid);
        if (device === undefined) continue;
        await setDeviceStatus(tx, environment, uuid, nextDeviceStatus(device.status, 'seen'));
        await publish(tx, { type: 'DeviceSeen', environment, deviceUuid: uuid } satisfies DeviceSeen);
      }
    });
  }
}

const recorders = new WeakMap<Context, LastSeen>();

function recorderOf(ctx: Context): LastSeen {
  let recorder = recorders.get(ctx);
  if (recorder === undefined) {
    recorder = new LastSeen(ctx);
    recorders.set(ctx, recorder);
  }
  return recorder;
}

/** Cheap: called at every request of a device. */
export function markSeen(ctx: Context, environment: string, uuid: string): void {
  recorderOf(ctx).note(environment, uuid);
}

/** Before contacts are read, and before the server stops. */
export function flushSeen(ctx: Context): Promise<void> {
  return recorderOf(ctx).flush();
}
