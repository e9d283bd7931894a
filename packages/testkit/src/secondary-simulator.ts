// A Secondary of its own in memory: a real key, its own copies of the metadata, full or partial verification of what the
// Primary hands over, an image that is hashed while it streams in. Each step can fail as a test wants it; the power can go.
// It has the shape of libaktualizr's port `Secondary`. client-features 4.2 IFC-01, SEC-11; client-protocol 7.3
import {
  areListed,
  bundleSource,
  clientKeyId,
  CodedError,
  createHasher,
  createSigner,
  ecuVersionReport,
  fullVerification,
  MetadataError,
  partialVerification,
  sha256Hex,
  signReport,
  type InstalledImage,
  type Instant,
  type KeyType,
  type MetadataFile,
  type PublicKey,
  type Repository,
  type Signer,
  type VehicleEcu,
  type VerifiedTarget,
} from '@ota-connect/uptane';
import { fixedKey } from './fixed-keys.ts';
import { MemoryMetadataStore } from './memory-metadata-store.ts';
import type { RepositorySimulator } from './repository-simulator.ts';

export type SecondaryStep =
  | 'ping'
  | 'manifest'
  | 'rootVersion'
  | 'putRoot'
  | 'putMetadata'
  | 'sendImage'
  | 'install';

/** As the port's InstallationResult. */
export type SecondaryAnswer = {
  readonly success: boolean;
  readonly code: string;
  readonly description: string;
};

export type SecondarySimulatorOptions = {
  /** serial and hardware id; testkit's SECONDARY when absent. */
  readonly ecu: VehicleEcu;
  readonly verification?: 'full' | 'partial';
  /** ED25519 when absent. */
  readonly keyType?: KeyType;
  /** Its first Roots, as they were put into it at the factory. */
  readonly factory: RepositorySimulator;
  /** NEED_COMPLETION until `reboot`. */
  readonly needsReboot?: boolean;
  readonly now?: () => Instant;
};

/** What a driver hands over as the image; the port's SecondaryImage. */
type Image = { readonly lengthBytes: number; open(offset?: number): AsyncIterable<Uint8Array> };

const NO_IMAGE: InstalledImage = { name: 'noimage', lengthBytes: 0, sha256: sha256Hex(new Uint8Array()) };
const OK: SecondaryAnswer = { success: true, code: 'OK', description: '' };

export class SecondarySimulator {
  readonly identity: {
    readonly serial: VehicleEcu['serial'];
    readonly hardwareId: VehicleEcu['hardwareId'];
    readonly publicKey: PublicKey;
    readonly type: string;
    readonly verification: 'full' | 'partial';
  };
  /** What happens instead at a step: it cannot be reached, its driver throws, it answers this. */
  readonly faults = new Map<SecondaryStep, 'unreachable' | Error | SecondaryAnswer>();
  /** Every call, in order. */
  readonly calls: string[] = [];
  readonly #options: SecondarySimulatorOptions;
  readonly #signer: Signer;
  readonly #stores = { director: new MemoryMetadataStore(), image: new MemoryMetadataStore() };
  #roots: MetadataFile[] = [];
  #expected: VerifiedTarget | undefined;
  #staged: InstalledImage | undefined;
  #installed = NO_IMAGE;
  #waiting: InstalledImage | undefined;
  #attacks = '';

  private constructor(options: SecondarySimulatorOptions, key: Awaited<ReturnType<typeof fixedKey>>) {
    const { ecu, verification = 'full', factory } = options;
    this.#options = options;
    this.#signer = createSigner(key.publicKey, key.privateKey, clientKeyId(key.publicKey));
    const { serial, hardwareId } = ecu;
    this.identity = { serial, hardwareId, publicKey: key.publicKey, type: 'virtual', verification };
    for (const name of ['director', 'image'] as const) {
      const first = factory.repository(name).files.get('1.root.json');
      if (first !== undefined) this.#stores[name].save('root', first, 1);
    }
  }

  static async create(options: SecondarySimulatorOptions): Promise<SecondarySimulator> {
    return new SecondarySimulator(
      options,
      await fixedKey(`secondary ${options.ecu.serial}`, options.keyType),
    );
  }

  /** The name of what runs on it. */
  get installedName(): string {
    return this.#installed.name;
  }

  /** What was installed comes up now. */
  reboot(): void {
    this.#installed = this.#waiting ?? this.#installed;
    this.#waiting = undefined;
  }

  async ping(signal: AbortSignal): Promise<boolean> {
    const fault = this.#begin('ping', signal);
    return fault === undefined ? true : fault.success;
  }

  async manifest(signal: AbortSignal): Promise<Uint8Array> {
    this.#begin('manifest', signal);
    return signReport(
      ecuVersionReport({
        ecuSerial: this.identity.serial,
        installed: this.#installed,
        attacksDetected: this.#attacks,
      }),
      this.#signer,
    );
  }

  async rootVersion(repository: string, signal: AbortSignal): Promise<number> {
    this.#begin('rootVersion', signal);
    const store = this.#storeOf(repository);
    let version = 0;
    while (store.loadRoot(version + 1) !== undefined) version += 1;
    return version;
  }

  /** Kept, and judged with the metadata that follow: one Root alone says nothing. */
  async putRoot(repository: string, root: Uint8Array, signal: AbortSignal): Promise<SecondaryAnswer> {
    const fault = this.#begin('putRoot', signal);
    if (fault !== undefined) return fault;
    const known = this.#roots.filter((file) => file.repository === repository).length;
    const version = (await this.rootVersion(repository, signal)) + known + 1;
    this.#roots.push({ repository, role: 'root', version, bytes: root });
    return OK;
  }

  async putMetadata(files: readonly MetadataFile[], signal: AbortSignal): Promise<SecondaryAnswer> {
    const fault = this.#begin('putMetadata', signal);
    if (fault !== undefined) return fault;
    const bundle = [...this.#roots.splice(0), ...files];
    try {
      this.#expected = await this.#verify(bundle);
      this.#attacks = '';
      return OK;
    } catch (error) {
      if (!(error instanceof MetadataError)) throw error;
      this.#attacks = `${error.attack}: ${error.wireCode}`;
      return { success: false, code: 'VERIFICATION_FAILED', description: error.wireCode };
    }
  }

  /** Only what its own verification named, whatever the Primary calls it. */
  async sendImage(
    target: VerifiedTarget,
    image: Image | undefined,
    signal: AbortSignal,
  ): Promise<SecondaryAnswer> {
    const fault = this.#begin('sendImage', signal);
    if (fault !== undefined) return fault;
    const expected = this.#expected;
    if (expected === undefined || image === undefined || expected.name !== target.name)
      return failed('VERIFICATION_FAILED', `${target.name} is not for this ECU.`);
    if (this.#staged?.sha256 === expected.hashes.sha256) return { ...OK, code: 'ALREADY_PROCESSED' };
    const hasher = createHasher();
    let lengthBytes = 0;
    for await (const piece of image.open()) {
      signal.throwIfAborted();
      lengthBytes += piece.length;
      hasher.update(piece);
    }
    if (lengthBytes !== expected.lengthBytes || !areListed(hasher.digest(), expected.hashes))
      return failed('DOWNLOAD_FAILED', 'The image is another one than was verified.');
    this.#staged = { name: expected.name, lengthBytes, sha256: expected.hashes.sha256 ?? '' };
    return OK;
  }

  async install(target: VerifiedTarget, signal: AbortSignal): Promise<SecondaryAnswer> {
    const fault = this.#begin('install', signal);
    if (fault !== undefined) return fault;
    if (this.#installed.sha256 === target.hashes.sha256) return { ...OK, code: 'ALREADY_PROCESSED' };
    if (this.#staged?.name !== target.name) return failed('INSTALL_FAILED', 'No such image was sent.');
    if (this.#options.needsReboot === true) {
      this.#waiting = this.#staged;
      return failed('NEED_COMPLETION', 'Waits for its reboot.');
    }
    this.#installed = this.#staged;
    return OK;
  }

  #begin(step: SecondaryStep, signal: AbortSignal): SecondaryAnswer | undefined {
    signal.throwIfAborted();
    this.calls.push(step);
    const fault = this.faults.get(step);
    if (fault === 'unreachable') {
      const message = `${this.identity.serial} cannot be reached.`;
      throw new CodedError('SecondaryError', 'unreachable', message);
    }
    if (fault instanceof Error) throw fault;
    return fault;
  }

  async #verify(files: readonly MetadataFile[]): Promise<VerifiedTarget | undefined> {
    const { ecu, now = () => this.#options.factory.now } = this.#options;
    const repository = (name: 'director' | 'image'): Repository => ({
      name,
      store: this.#stores[name],
      source: bundleSource(files, name),
    });
    if (this.identity.verification === 'partial') {
      const verdict = await partialVerification(ecu, repository('director'), now());
      return verdict.kind === 'update' ? verdict.target : undefined;
    }
    const vehicle = { ecus: [ecu], role: 'secondary' } as const;
    const verdict = await fullVerification(vehicle, repository('director'), repository('image'), now());
    return verdict.kind === 'updates' ? verdict.targets[0] : undefined;
  }

  #storeOf(repository: string): MemoryMetadataStore {
    return repository === 'director' ? this.#stores.director : this.#stores.image;
  }
}

function failed(code: string, description: string): SecondaryAnswer {
  return { success: false, code, description };
}
