// The table of what may be asked on the control socket. docs/guides/commands.md lists the same for people.
import type { CommandInput } from '../commands/context.ts';
import type { CommandName } from '../commands/index.ts';
import { CONTROL_WORDS, type ControlWord } from '../daemon/control-api.ts';

export type Route =
  | { readonly kind: 'status' | 'events' }
  | { readonly kind: 'control'; readonly word: ControlWord }
  | {
      readonly kind: 'command';
      readonly command: CommandName;
      readonly input: CommandInput;
      /** Members of the body that are text, and must be there. */
      readonly needs: readonly (keyof CommandInput)[];
    };

export type Found = { readonly route: Route } | { readonly allow: 'GET' | 'POST' } | 'not_found';

const POSTED = new Map<string, CommandName>([
  ['check', 'check'],
  ['download', 'download'],
  ['install', 'install'],
  ['once', 'once'],
  ['device-data', 'device_data'],
  ['manifest', 'manifest'],
]);
const ANSWERS = new Map<string, CommandName>([
  ['accept', 'campaign_accept'],
  ['decline', 'campaign_decline'],
  ['postpone', 'campaign_postpone'],
]);

/** `path`: as it stands in the request, without a query. */
export function findRoute(method: string, path: string): Found {
  const [empty, version, ...words] = path.split('/');
  if (empty !== '' || version !== 'v1') return 'not_found';
  const found = routeOf(words);
  if (found === undefined) return 'not_found';
  return method === found.method ? { route: found.route } : { allow: found.method };
}

function routeOf(
  words: readonly string[],
): { readonly method: 'GET' | 'POST'; readonly route: Route } | undefined {
  const [first = '', id, answer, ...more] = words;
  if (first === 'campaigns' && id !== undefined && answer !== undefined && more.length === 0) {
    const command = ANSWERS.get(answer);
    const campaignId = decoded(id);
    if (command === undefined || campaignId === undefined) return undefined;
    return { method: 'POST', route: { kind: 'command', command, input: { campaignId }, needs: [] } };
  }
  if (id !== undefined) return undefined;
  if (first === 'status' || first === 'events') return { method: 'GET', route: { kind: first } };
  if (first === 'campaigns') return { method: 'GET', route: plain('campaign_check') };
  const word = CONTROL_WORDS.find((known) => known === first);
  if (word !== undefined) return { method: 'POST', route: { kind: 'control', word } };
  if (first === 'offline') return { method: 'POST', route: plain('offline', ['directory']) };
  const command = POSTED.get(first);
  return command === undefined ? undefined : { method: 'POST', route: plain(command) };
}

function plain(command: CommandName, needs: readonly (keyof CommandInput)[] = []): Route {
  return { kind: 'command', command, input: {}, needs };
}

function decoded(text: string): string | undefined {
  try {
    return decodeURIComponent(text) || undefined;
  } catch (error) {
    if (error instanceof URIError) return undefined;
    throw error;
  }
}
