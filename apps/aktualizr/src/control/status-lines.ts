// The daemon's status for people.
import { isJsonObject, type JsonObject, type JsonValue } from '@ota-connect/uptane';
import { textOf } from '../outcome.ts';

export function statusLines(status: JsonObject): readonly string[] {
  const polling = isJsonObject(status.polling) ? status.polling : {};
  const last = isJsonObject(status.lastPoll) ? status.lastPoll : undefined;
  const installed = isJsonObject(status.installed) ? status.installed : undefined;
  const failures = Number(polling.failures ?? 0);
  const every = `every ${words(polling.everySeconds)} s`;
  return [
    `Daemon ${words(status.version)}, process ${words(status.pid)}, ${words(status.outcome)}`,
    `  storage:    ${words(status.storage)}`,
    `  server:     ${words(status.server)}`,
    `  device:     ${status.deviceId === undefined ? 'not provisioned yet' : words(status.deviceId)}`,
    `  installed:  ${installed === undefined ? 'unknown' : words(installed.name)}`,
    `  state:      ${words(status.state)}${updateOf(status.update)}`,
    `  polling:    ${polling.online === true ? every : 'off'}${failures > 0 ? `, ${failures} failed in a row` : ''}`,
    ...(last === undefined ? [] : [`  last poll:  ${words(last.at)}, ${words(last.outcome)}`]),
    ...(polling.next === undefined ? [] : [`  next poll:  ${words(polling.next)}`]),
  ];
}

function updateOf(update: JsonValue | undefined): string {
  if (!isJsonObject(update) || !Array.isArray(update.targets)) return '';
  const names = (update.targets as readonly JsonValue[]).map((target) =>
    isJsonObject(target) ? words(target.name) : '?',
  );
  return `, ${names.join(', ')}`;
}

function words(value: JsonValue | undefined): string {
  return textOf(value) || '?';
}
