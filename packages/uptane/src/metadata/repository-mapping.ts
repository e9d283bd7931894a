// Which repositories a Primary asks, and which of them have to agree on which images. It is configuration of the
// device, never fetched. Source: Uptane Standard #repo_mapping_meta; TAP 4;
// docs/adr/0014-repository-mapping.md
import { CodedError } from '../errors.ts';
import { readArray, readBoolean, readInteger, readObject, readStrings } from '../json/decode.ts';
import { parseStrictJson } from '../json/strict-json.ts';
import { DEFAULT_LIMITS } from '../limits.ts';
import { matchesPath } from '../dialect/match-path.ts';
import { member, type JsonValue } from '../json/value.ts';

export type MappingEntry = {
  /** Patterns as those of delegations. */
  readonly paths: readonly string[];
  /** In order; `director` is always among them. */
  readonly repositories: readonly string[];
  /** Whether the search ends here when the repositories do not agree. */
  readonly terminating: boolean;
  /** How many of the repositories have to agree, the Director included. */
  readonly threshold: number;
};

export type RepositoryMapping = {
  /** Addresses by the repository's name, the first one first; never empty. */
  readonly repositories: ReadonlyMap<string, readonly string[]>;
  /** The first entry whose paths match an image decides about it. */
  readonly mapping: readonly MappingEntry[];
};

export const DIRECTOR = 'director';
const MAX_NAME = 64;

/** @throws CodedError DecodeError, JsonError */
export function parseRepositoryMapping(bytes: Uint8Array): RepositoryMapping {
  const document = readObject(parseStrictJson(bytes), 'repository mapping');
  const repositories = readRepositories(member(document, 'repositories'));
  const entries = readArray(member(document, 'mapping'), 'mapping');
  if (entries.length === 0) throw wrong('mapping', 'has to say of at least one path who signs it');
  return {
    repositories,
    mapping: entries.map((entry, index) => readEntry(entry, `mapping[${index}]`, repositories)),
  };
}

/** Those whose paths match the image, in order. The first decides; the next is asked where that one does not agree. */
export function entriesFor({ mapping }: RepositoryMapping, name: string): readonly MappingEntry[] {
  const steps = { left: DEFAULT_LIMITS.searchSteps };
  return mapping.filter(({ paths }) => paths.some((pattern) => matchesPath(pattern, name, steps)));
}

function readRepositories(value: JsonValue | undefined): RepositoryMapping['repositories'] {
  const repositories = new Map<string, readonly string[]>();
  for (const [name, listed] of Object.entries(readObject(value, 'repositories'))) {
    const path = `repositories["${name.slice(0, MAX_NAME)}"]`;
    // The name becomes part of where the device keeps the repository's metadata.
    if (!/^[A-Za-z0-9][A-Za-z0-9_-]*$/.test(name) || name.length > MAX_NAME) {
      throw wrong(path, `has to be named by 1 to ${MAX_NAME} letters, digits, "-" and "_"`);
    }
    const urls = readStrings(listed, path);
    if (urls.length === 0) throw wrong(path, 'has to have at least one address');
    for (const [index, url] of urls.entries()) checkUrl(url, `${path}[${index}]`);
    repositories.set(name, urls);
  }
  checkAddresses(repositories);
  if (!repositories.has(DIRECTOR)) throw wrong('repositories', 'has to name "director"');
  if (repositories.size < 2) throw wrong('repositories', 'has to name a repository besides "director"');
  return repositories;
}

/** Two names of one repository would count as two that agree. */
function checkAddresses(repositories: RepositoryMapping['repositories']): void {
  const owners = new Map<string, string>();
  for (const [name, urls] of repositories) {
    for (const [index, url] of urls.entries()) {
      const address = new URL(url).href.replace(/\/+$/, '');
      const owner = owners.get(address) ?? name;
      if (owner !== name)
        throw wrong(`repositories["${name}"][${index}]`, `is the address of "${owner}" as well`);
      owners.set(address, name);
    }
  }
}

function checkUrl(text: string, path: string): void {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url?.protocol === 'https:' || url?.protocol === 'http:') return;
  throw wrong(path, 'is not an address that begins with https:// or http://');
}

function readEntry(value: JsonValue, path: string, known: RepositoryMapping['repositories']): MappingEntry {
  const object = readObject(value, path);
  const paths = readStrings(member(object, 'paths'), `${path}.paths`);
  if (paths.length === 0) throw wrong(`${path}.paths`, 'has to hold at least one pattern');
  const repositories = readStrings(member(object, 'repositories'), `${path}.repositories`);
  const unknown = repositories.find((name) => !known.has(name));
  if (unknown !== undefined)
    throw wrong(`${path}.repositories`, `names "${unknown.slice(0, MAX_NAME)}", which has no address`);
  if (new Set(repositories).size < repositories.length)
    throw wrong(`${path}.repositories`, 'names a repository twice');
  if (!repositories.includes(DIRECTOR)) throw wrong(`${path}.repositories`, 'has to name "director"');
  const threshold = readInteger(member(object, 'threshold'), `${path}.threshold`);
  // Below two, the Director alone could say what is installed.
  if (threshold < 2 || threshold > repositories.length)
    throw wrong(
      `${path}.threshold`,
      `has to be from 2 to the number of repositories, ${repositories.length}`,
    );
  return {
    paths,
    repositories,
    terminating: readBoolean(member(object, 'terminating'), `${path}.terminating`),
    threshold,
  };
}

function wrong(path: string, what: string): CodedError {
  return new CodedError('DecodeError', 'malformed', `"${path}" ${what}.`, { details: { path } });
}
