// The daemon on the system bus: calls become verbs, events become signals. Who may call is the bus's policy
// (packaging/dbus). Without a bus the device works on, unless D-Bus is required; a bus that goes away is said and not
// waited for.
import * as dbus from '@homebridge/dbus-native';
import { isJsonObject } from '@ota-connect/uptane';
import { AbortedError } from '@ota-connect/libaktualizr';
import { ControlError } from '../control/control-error.ts';
import { eventJson } from '../control/json-event.ts';
import type { ControlApi } from '../daemon/control-api.ts';
import type { Door } from '../daemon/doors.ts';
import { textOf, type Outcome } from '../outcome.ts';
import type { Output } from '../output.ts';
import { BusConnection, DBusError, type Message, type Reply, type Wire } from './bus-connection.ts';
import {
  BUS_NAME,
  EVENT_SIGNAL,
  introspection,
  METHODS,
  OBJECT_PATH,
  PROPERTIES,
  signatureOf,
  type PropertyName,
} from './interface.ts';

const DEFAULT_ADDRESS = 'unix:path=/var/run/dbus/system_bus_socket';
const NO_DOOR: Door = { close: () => Promise.resolve() };

/** @throws ControlError `no_bus` when it is required and not to be had */
export async function openBus(
  api: ControlApi,
  { isRequired, output }: { readonly isRequired: boolean; readonly output: Output },
): Promise<Door> {
  const ending = new AbortController();
  const onEnd = (why: string) => output.log('warning', `D-Bus is gone: ${why}. The next start tries again.`);
  let connection: BusConnection | undefined;
  try {
    const joined = new BusConnection(openWire(), (call) => handle(api, call, ending.signal), onEnd);
    connection = joined;
    await joined.join(BUS_NAME);
    const unsubscribe = api.subscribe((event) =>
      joined.signal({
        path: OBJECT_PATH,
        interface: BUS_NAME,
        ...EVENT_SIGNAL,
        body: [event.kind, eventJson(event)],
      }),
    );
    return {
      close: async () => {
        unsubscribe();
        ending.abort(new AbortedError());
        joined.close();
      },
    };
  } catch (error) {
    connection?.close();
    if (isRequired) throw asControlError(error);
    output.log('warning', `The daemon is not on D-Bus: ${asControlError(error).message}`);
    return NO_DOOR;
  }
}

/** The library's own declarations leave out what it is built on. */
const { createConnection } = dbus as unknown as {
  readonly createConnection: (options: { readonly busAddress: string }) => Wire;
};

function openWire(): Wire {
  return createConnection({ busAddress: process.env.DBUS_SYSTEM_BUS_ADDRESS ?? DEFAULT_ADDRESS });
}

function asControlError(error: unknown): ControlError {
  if (error instanceof ControlError) return error;
  const why = error instanceof Error ? error.message : String(error);
  return new ControlError('no_bus', `The bus cannot be joined: ${why}`, { cause: error });
}

async function handle(api: ControlApi, call: Message, signal: AbortSignal): Promise<Reply | DBusError> {
  switch (call.interface ?? BUS_NAME) {
    case 'org.freedesktop.DBus.Introspectable':
      return text(call.path === OBJECT_PATH ? introspection() : pathsBelow(call.path ?? '/'));
    case 'org.freedesktop.DBus.Peer':
      return call.member === 'Ping' ? NOTHING : unknownMethod(call);
    case 'org.freedesktop.DBus.Properties':
      return property(api, call);
    default:
      return verb(api, call, signal);
  }
}

const NOTHING: Reply = { signature: '', body: [] };

async function verb(api: ControlApi, call: Message, signal: AbortSignal): Promise<Reply | DBusError> {
  const isOurs = call.path === OBJECT_PATH && (call.interface ?? BUS_NAME) === BUS_NAME;
  const method = isOurs ? METHODS.get(call.member ?? '') : undefined;
  if (method === undefined) return unknownMethod(call);
  if (method.kind === 'status') return outcome(api.status());
  if (method.kind === 'control') return outcome(await api.control(method.word));
  const { takes } = method;
  const [given] = call.body ?? [];
  if (takes !== undefined && (typeof given !== 'string' || given === ''))
    return new DBusError('org.freedesktop.DBus.Error.InvalidArgs', `${call.member} takes the text ${takes}.`);
  const input = takes === undefined ? {} : { [takes]: given };
  return outcome(await api.perform(method.command, { ...input, signal, onLine: () => undefined }));
}

function outcome(told: Outcome): Reply {
  return text(JSON.stringify(told));
}

function text(value: string): Reply {
  return { signature: 's', body: [value] };
}

function property(api: ControlApi, call: Message): Reply | DBusError {
  const [owner, name] = call.body ?? [];
  if (call.path !== OBJECT_PATH || owner !== BUS_NAME)
    return new DBusError('org.freedesktop.DBus.Error.UnknownInterface', `There is no such interface here.`);
  const status = api.status();
  if (call.member === 'GetAll') {
    const all = PROPERTIES.map((one) => [one, [signatureOf(one), valueOf(status, one)]]);
    return { signature: 'a{sv}', body: [all] };
  }
  if (call.member === 'Set')
    return new DBusError('org.freedesktop.DBus.Error.PropertyReadOnly', 'Properties are read alone.');
  if (call.member !== 'Get') return unknownMethod(call);
  const found = PROPERTIES.find((one) => one === name);
  if (found === undefined)
    return new DBusError(
      'org.freedesktop.DBus.Error.UnknownProperty',
      `There is no property ${String(name)}.`,
    );
  return { signature: 'v', body: [[signatureOf(found), valueOf(status, found)]] };
}

function valueOf(status: Outcome, name: PropertyName): string | boolean {
  switch (name) {
    case 'Status':
      return status.outcome;
    case 'State':
      return textOf(status.state);
    case 'Version':
      return textOf(status.version);
    case 'DeviceId':
      return textOf(status.deviceId);
    case 'InstalledName':
      return isJsonObject(status.installed) ? textOf(status.installed.name) : '';
    case 'Paused':
      return status.outcome === 'paused';
  }
}

/** For tools that walk down from the root. */
function pathsBelow(path: string): string {
  const below =
    path === '/' ? OBJECT_PATH : OBJECT_PATH.startsWith(`${path}/`) ? OBJECT_PATH.slice(path.length) : '';
  const [, child = ''] = below.split('/');
  return child === '' ? '<node/>' : `<node><node name="${child}"/></node>`;
}

function unknownMethod({ interface: owner = '', member = '' }: Message): DBusError {
  return new DBusError('org.freedesktop.DBus.Error.UnknownMethod', `There is no ${owner}.${member} here.`);
}
