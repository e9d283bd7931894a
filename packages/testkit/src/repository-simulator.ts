// Director and Image repository of one vehicle, in memory: a metadata source for both and an HTTP server's handler at
// once. Edit, then publish. Starts published, with a Primary and a Secondary and nothing to install.
import {
  addSeconds,
  hashBytes,
  jsonObject,
  parseEcuSerial,
  parseHardwareId,
  type Instant,
  type JsonObject,
  type JsonValue,
  type NextTarget,
  type RepositoryName,
  type TopLevelRole,
  type Vehicle,
  type VehicleEcu,
} from '@ota-connect/uptane';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { fixedKey } from './fixed-keys.ts';
import {
  fileAnswer,
  notFound,
  readRequest,
  sendAnswer,
  type HttpAnswer,
  type HttpRequest,
} from './http-answers.ts';
import { SimulatedLockboxes } from './simulated-lockboxes.ts';
import { SimulatedTime } from './simulated-time.ts';
import { SimulatedRepository, type SimulatedDelegation, type SimulatedRole } from './simulated-repository.ts';

export type SimulatorOptions = {
  /** The time of the simulated world; metadata expires 30 days later. */
  readonly now?: Instant;
  /** Whether the Director serves Timestamp and Snapshot; yes by default. */
  readonly directorFullRoles?: boolean;
};

export type Image = {
  readonly name: string;
  readonly content: Uint8Array;
  readonly hardwareIds: readonly string[];
  readonly custom?: JsonObject;
};

const DAY = 86_400;
export const SIMULATED_NOW = 1_900_000_000 as Instant;
export const PRIMARY: VehicleEcu = {
  serial: parseEcuSerial('primary-1'),
  hardwareId: parseHardwareId('primary-hw'),
};
export const SECONDARY: VehicleEcu = {
  serial: parseEcuSerial('secondary-1'),
  hardwareId: parseHardwareId('secondary-hw'),
};

export class RepositorySimulator {
  readonly director: SimulatedRepository;
  readonly image: SimulatedRepository;
  readonly now: Instant;
  /** Bytes below /repo/targets/, by name. */
  readonly images = new Map<string, Uint8Array>();
  /** The Director's time server, where it has one. */
  time: SimulatedTime | undefined;
  readonly vehicle: Vehicle = { ecus: [PRIMARY, SECONDARY] };

  private constructor(now: Instant, director: SimulatedRepository, image: SimulatedRepository) {
    this.now = now;
    this.director = director;
    this.image = image;
  }

  static async create(options: SimulatorOptions = {}): Promise<RepositorySimulator> {
    const now = options.now ?? SIMULATED_NOW;
    const [director, image] = await Promise.all([
      newRepository('director', now),
      newRepository('image', now),
    ]);
    const simulator = new RepositorySimulator(now, director, image);
    if (options.directorFullRoles === false) simulator.dropDirectorRoles();
    await simulator.publish();
    return simulator;
  }

  /** Both repositories, each one version up. */
  async publish(): Promise<void> {
    await this.image.publish();
    await this.director.publish();
  }

  /** Puts an image into the Image repository's Targets and its bytes on the server. */
  addImage(image: Image): NextTarget {
    const target = this.targetOf(image);
    this.image.targets.set(image.name, target);
    return target;
  }

  /** The same, listed by a delegated role. */
  addDelegatedImage(delegation: SimulatedDelegation, image: Image): NextTarget {
    const target = this.targetOf(image);
    delegation.targets.set(image.name, target);
    return target;
  }

  targetOf(image: Image): NextTarget {
    this.images.set(image.name, image.content);
    const custom = jsonObject([['hardwareIds', image.hardwareIds], ...Object.entries(image.custom ?? {})]);
    return {
      name: image.name,
      lengthBytes: image.content.byteLength,
      hashes: hashBytes(image.content),
      custom,
    };
  }

  /** The Director tells these ECUs to install a target. */
  assign(
    target: NextTarget,
    ecus: readonly VehicleEcu[] = [PRIMARY],
    custom: JsonObject = jsonObject([]),
  ): void {
    const identifiers = ecus.map((ecu): [string, JsonValue] => [
      ecu.serial,
      jsonObject([['hardwareId', ecu.hardwareId]]),
    ]);
    const own = jsonObject([['ecuIdentifiers', jsonObject(identifiers)], ...Object.entries(custom)]);
    this.director.targets.set(target.name, { ...target, custom: own });
  }

  /** Image and assignment in one, under a correlation id. */
  offer(name: string, text: string = name, ecus: readonly VehicleEcu[] = [PRIMARY]): NextTarget {
    const content = new TextEncoder().encode(text);
    const target = this.addImage({ name, content, hardwareIds: ecus.map((ecu) => ecu.hardwareId) });
    this.assign(target, ecus);
    this.correlate(`urn:here-ota:campaign:${name}`);
    return target;
  }

  correlate(correlationId: string): void {
    this.director.custom = jsonObject([['correlationId', correlationId]]);
  }

  /** Delegates from the Image repository's Targets (or from a delegated role) to a new role with a key of its own. */
  async delegate(
    name: string,
    paths: readonly string[],
    below?: SimulatedDelegation,
  ): Promise<SimulatedDelegation> {
    const keys = [await fixedKey(`delegation ${name}`)];
    const role = { keys, threshold: 1, version: 1, expires: addSeconds(this.now, 30 * DAY) };
    const delegation: SimulatedDelegation = {
      ...role,
      name,
      paths,
      terminating: false,
      targets: new Map(),
      delegations: [],
      multiRole: [],
    };
    (below?.delegations ?? this.image.delegations).push(delegation);
    return delegation;
  }

  /** From now on Timestamp and Snapshot of the Director are absent, as with an original. */
  dropDirectorRoles(): void {
    this.director.overrides.set('timestamp.json', 'absent').set('snapshot.json', 'absent');
  }

  /** From now on the Director attests the time, and a new Root lists the keys for it. */
  async attestTime(now: Instant = this.now): Promise<SimulatedTime> {
    const time = await SimulatedTime.create(now);
    this.time = time;
    this.director.time = time;
    await this.director.publishRoot();
    return time;
  }

  /** From now on the Director signs lockboxes, and a new Root lists the keys for them. */
  async signLockboxes(): Promise<SimulatedLockboxes> {
    const lockboxes = await SimulatedLockboxes.create(this);
    this.director.offlineRoles = lockboxes.roles;
    await this.director.publishRoot();
    return lockboxes;
  }

  repository(name: RepositoryName): SimulatedRepository {
    return name === 'director' ? this.director : this.image;
  }

  /** undefined: not below /director/ or /repo/. */
  answer(request: HttpRequest): HttpAnswer | undefined {
    const [, first, ...rest] = request.path.split('/');
    if (request.method !== 'GET' || (first !== 'director' && first !== 'repo')) return undefined;
    if (first === 'repo' && rest[0] === 'targets') {
      const content = this.images.get(decodeURIComponent(rest.slice(1).join('/')));
      return content === undefined ? notFound() : fileAnswer(request, content, 'application/octet-stream');
    }
    const bytes = this.repository(first === 'director' ? 'director' : 'image').answer(rest.join('/'));
    return bytes === 'absent' ? notFound() : fileAnswer(request, bytes, 'application/json');
  }

  /** undefined: not the Director's address of the time. */
  async answerTime({ path, query }: HttpRequest): Promise<HttpAnswer | undefined> {
    if (path !== '/director/time') return undefined;
    const bytes = (await this.time?.answer(query?.get('nonce') ?? '')) ?? 'absent';
    if (bytes === 'absent') return notFound();
    return { status: 200, headers: { 'content-type': 'application/json' }, body: bytes };
  }

  /** A listener for node:http and node:https; answers 404 for what is not its own. */
  readonly handle = async (message: IncomingMessage, response: ServerResponse): Promise<void> => {
    const request = await readRequest(message);
    sendAnswer(response, (await this.answerTime(request)) ?? this.answer(request) ?? notFound());
  };
}

async function newRepository(name: RepositoryName, now: Instant): Promise<SimulatedRepository> {
  const role = async (title: TopLevelRole): Promise<SimulatedRole> => ({
    keys: [await fixedKey(`${name} ${title}`)],
    threshold: 1,
    version: 0,
    expires: addSeconds(now, 30 * DAY),
  });
  const [root, timestamp, snapshot, targets] = await Promise.all([
    role('root'),
    role('timestamp'),
    role('snapshot'),
    role('targets'),
  ]);
  return new SimulatedRepository(name, { root, timestamp, snapshot, targets });
}
