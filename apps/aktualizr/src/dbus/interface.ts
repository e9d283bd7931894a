// What stands on the bus: methods, signals and properties of org.otaconnect.Aktualizr1, as data. Methods answer the same
// outcome that the control socket answers, as JSON text; docs/guides/commands.md lists them.
import type { CommandInput } from '../commands/context.ts';
import type { CommandName } from '../commands/index.ts';
import type { ControlWord } from '../daemon/control-api.ts';

export const BUS_NAME = 'org.otaconnect.Aktualizr1';
export const OBJECT_PATH = '/org/otaconnect/Aktualizr1';

export type Method =
  | { readonly kind: 'status' }
  | { readonly kind: 'control'; readonly word: ControlWord }
  | { readonly kind: 'command'; readonly command: CommandName; readonly takes?: keyof CommandInput };

export const METHODS: ReadonlyMap<string, Method> = new Map<string, Method>([
  ['GetStatus', { kind: 'status' }],
  ['Check', { kind: 'command', command: 'check' }],
  ['Download', { kind: 'command', command: 'download' }],
  ['Install', { kind: 'command', command: 'install' }],
  ['Once', { kind: 'command', command: 'once' }],
  ['SendDeviceData', { kind: 'command', command: 'device_data' }],
  ['SendManifest', { kind: 'command', command: 'manifest' }],
  ['Offline', { kind: 'command', command: 'offline', takes: 'directory' }],
  ['CampaignCheck', { kind: 'command', command: 'campaign_check' }],
  ['CampaignAccept', { kind: 'command', command: 'campaign_accept', takes: 'campaignId' }],
  ['CampaignDecline', { kind: 'command', command: 'campaign_decline', takes: 'campaignId' }],
  ['CampaignPostpone', { kind: 'command', command: 'campaign_postpone', takes: 'campaignId' }],
  ['Pause', { kind: 'control', word: 'pause' }],
  ['Resume', { kind: 'control', word: 'resume' }],
  ['Abort', { kind: 'control', word: 'abort' }],
  ['Reload', { kind: 'control', word: 'reload' }],
]);

/** All of type `s` but the flag; read alone. */
export const PROPERTIES = ['Status', 'State', 'Version', 'DeviceId', 'InstalledName', 'Paused'] as const;

export type PropertyName = (typeof PROPERTIES)[number];

export function signatureOf(property: PropertyName): 's' | 'b' {
  return property === 'Paused' ? 'b' : 's';
}

/** `Event(kind, json)`: one of the library's events. */
export const EVENT_SIGNAL = { member: 'Event', signature: 'ss' } as const;

export function introspection(): string {
  const methods = [...METHODS].map(([name, method]) => {
    const takes = method.kind === 'command' ? method.takes : undefined;
    const input = takes === undefined ? '' : `<arg name="${takes}" type="s" direction="in"/>`;
    return `<method name="${name}">${input}<arg name="outcome" type="s" direction="out"/></method>`;
  });
  const properties = PROPERTIES.map(
    (name) =>
      `<property name="${name}" type="${signatureOf(name)}" access="read">${NOT_ANNOUNCED}</property>`,
  );
  return `${DOCTYPE}<node><interface name="${BUS_NAME}">${methods.join('')}${EVENT}${properties.join('')}</interface>${STANDARD}</node>`;
}

const DOCTYPE =
  '<!DOCTYPE node PUBLIC "-//freedesktop//DTD D-BUS Object Introspection 1.0//EN" "http://www.freedesktop.org/standards/dbus/1.0/introspect.dtd">';
/** Whoever wants to know of changes listens to the events. */
const NOT_ANNOUNCED = '<annotation name="org.freedesktop.DBus.Property.EmitsChangedSignal" value="false"/>';
const EVENT = '<signal name="Event"><arg name="kind" type="s"/><arg name="json" type="s"/></signal>';
const STANDARD = [
  '<interface name="org.freedesktop.DBus.Introspectable"><method name="Introspect"><arg name="xml" type="s" direction="out"/></method></interface>',
  '<interface name="org.freedesktop.DBus.Peer"><method name="Ping"/></interface>',
  '<interface name="org.freedesktop.DBus.Properties">',
  '<method name="Get"><arg name="interface" type="s" direction="in"/><arg name="name" type="s" direction="in"/><arg name="value" type="v" direction="out"/></method>',
  '<method name="GetAll"><arg name="interface" type="s" direction="in"/><arg name="values" type="a{sv}" direction="out"/></method>',
  '</interface>',
].join('');
