// One connection to a D-Bus bus: the library speaks the wire, this file asks for a name and hands each call to its handler.
// The library's own dispatcher is not used: a call for a property that does not exist would end the process there.
// D-Bus Specification "Message Bus Overview".
import { ControlError } from '../control/control-error.ts';

export type Message = {
  readonly type: number;
  readonly serial?: number;
  readonly replySerial?: number;
  readonly flags?: number;
  readonly path?: string;
  readonly interface?: string;
  readonly member?: string;
  readonly destination?: string;
  readonly sender?: string;
  readonly errorName?: string;
  readonly signature?: string;
  readonly body?: readonly unknown[];
};

/** What the library calls a connection. */
export type Wire = {
  on(event: 'message', listener: (message: Message) => void): void;
  on(event: 'error', listener: (error: Error) => void): void;
  on(event: 'end' | 'connect', listener: () => void): void;
  message(message: Message): void;
  end(): void;
};

export type Reply = { readonly signature: string; readonly body: readonly unknown[] };
export type CallHandler = (call: Message) => Promise<Reply | DBusError>;

/** What the caller gets in place of a reply. */
export class DBusError extends Error {
  override readonly name: string;
  constructor(name: string, message: string) {
    super(message);
    this.name = name;
  }
}

const CALL = 1;
const RETURN = 2;
const ERROR = 3;
const SIGNAL = 4;
const NO_REPLY_EXPECTED = 1;
/** DBUS_NAME_FLAG_DO_NOT_QUEUE */
const DO_NOT_QUEUE = 4;
const PRIMARY_OWNER = 1;
const BUS = {
  destination: 'org.freedesktop.DBus',
  path: '/org/freedesktop/DBus',
  interface: 'org.freedesktop.DBus',
};

export class BusConnection {
  readonly #wire: Wire;
  readonly #waiting = new Map<number, (answer: Message) => void>();
  readonly #onCall: CallHandler;
  #serial = 0;
  #isOpen = true;

  /** `onEnd`: the bus is gone; told once. */
  constructor(wire: Wire, onCall: CallHandler, onEnd: (why: string) => void) {
    this.#wire = wire;
    this.#onCall = onCall;
    const end = (why: string) => {
      if (!this.#isOpen) return;
      this.#isOpen = false;
      for (const answer of this.#waiting.values())
        answer({ type: ERROR, errorName: 'org.freedesktop.DBus.Error.Disconnected', body: [why] });
      onEnd(why);
    };
    wire.on('message', (message) => void this.#receive(message));
    wire.on('error', (error) => end(error.message));
    wire.on('end', () => end('the bus closed the connection'));
  }

  /** Joins the bus under this name. @throws ControlError `no_bus` */
  async join(name: string): Promise<void> {
    await this.#ask('Hello');
    const [owner] = await this.#ask('RequestName', 'su', [name, DO_NOT_QUEUE]);
    if (owner !== PRIMARY_OWNER) throw new ControlError('no_bus', `The name ${name} is taken on the bus.`);
  }

  signal(message: Required<Pick<Message, 'path' | 'interface' | 'member' | 'signature' | 'body'>>): void {
    this.#send({ ...message, type: SIGNAL });
  }

  close(): void {
    this.#isOpen = false;
    this.#wire.end();
  }

  async #ask(member: string, signature?: string, body?: readonly unknown[]): Promise<readonly unknown[]> {
    const { promise, resolve } = Promise.withResolvers<Message>();
    const rest = signature === undefined ? {} : { signature, body: body ?? [] };
    const serial = this.#send({ type: CALL, ...BUS, member, ...rest });
    this.#waiting.set(serial, resolve);
    const answer = await promise;
    if (answer.type === RETURN) return answer.body ?? [];
    throw new ControlError('no_bus', `The bus refused ${member}: ${String(answer.body?.[0])}`);
  }

  async #receive(message: Message): Promise<void> {
    if (message.type === CALL) return this.#answer(message);
    if (message.type !== RETURN && message.type !== ERROR) return;
    const serial = message.replySerial ?? 0;
    const waiting = this.#waiting.get(serial);
    this.#waiting.delete(serial);
    waiting?.(message);
  }

  async #answer(call: Message): Promise<void> {
    const answer = await this.#onCall(call);
    if (((call.flags ?? 0) & NO_REPLY_EXPECTED) !== 0) return;
    const to = {
      ...(call.serial === undefined ? {} : { replySerial: call.serial }),
      ...(call.sender === undefined ? {} : { destination: call.sender }),
    };
    if (answer instanceof DBusError)
      this.#send({ ...to, type: ERROR, errorName: answer.name, signature: 's', body: [answer.message] });
    else this.#send({ ...to, type: RETURN, ...(answer.signature === '' ? {} : answer) });
  }

  #send(message: Message): number {
    this.#serial += 1;
    if (this.#isOpen) this.#wire.message({ ...message, serial: this.#serial });
    return this.#serial;
  }
}
