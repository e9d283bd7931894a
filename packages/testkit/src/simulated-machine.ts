// A machine with two places for a system, a bootloader that counts boots, and a health of its own: what an installation meets
// outside the client. It keeps its state over reboots and power cuts, as the real one would; the client is opened anew.
// The ports are libaktualizr's; what is written here is their shape, which the testkit may not import.
import type { EcuSerial, Hashes, JsonObject, VerifiedTarget } from '@ota-connect/uptane';

type Result = { readonly success: boolean; readonly code: string; readonly description: string };
type Version = {
  readonly ecuSerial: EcuSerial;
  readonly name: string;
  readonly lengthBytes: number;
  readonly hashes: Hashes;
  readonly correlationId: string;
  readonly customMeta: JsonObject;
};

export type MachineOptions = {
  readonly ecu: EcuSerial;
  /** Whether a new system runs at once, or after a reboot. */
  readonly installs?: 'at once' | 'by reboot';
};

export class SimulatedMachine {
  /** By the name of what runs; what is not named is healthy. */
  readonly sick = new Set<string>();
  /** Systems that never come up: the bootloader goes back from them. */
  readonly dead = new Set<string>();
  /** What the ports were asked, in order. */
  readonly calls: string[] = [];
  /** The file that integrators watch; a reboot empties its directory. */
  hasSentinel = false;
  uptimeMs = 10_000;
  boots = 1;
  #isTrying = false;
  #hasGoneBack = false;
  #running: Version | undefined;
  #next: Version | undefined;
  #before: Version | undefined;
  readonly #options: MachineOptions;

  constructor(options: MachineOptions) {
    this.#options = options;
  }

  get bootId(): string {
    return `boot-${this.boots}`;
  }

  /** Of the system that runs; undefined is the one from the factory. */
  get running(): string | undefined {
    return this.#running?.name;
  }

  /** Whether the bootloader counts boots of a new system. */
  get isTrying(): boolean {
    return this.#isTrying;
  }

  /** Also after a power cut. */
  reboot(): void {
    this.boots += 1;
    this.uptimeMs = 10_000;
    this.hasSentinel = false;
    const next = this.#next;
    this.#next = undefined;
    if (next === undefined) return;
    if (this.dead.has(next.name)) {
      this.goBack();
      return;
    }
    if (next !== this.#before) this.#before = this.#running;
    this.#running = next === FACTORY ? undefined : next;
  }

  /** The bootloader boots the system before, and says so until the next installation. */
  goBack(): void {
    this.#hasGoneBack = true;
  }

  /** Over a package manager that stores images. */
  packageManager<T extends object>(files: T) {
    return {
      ...files,
      name: 'simulated',
      simulatesReboot: false,
      current: async () => this.#running,
      install: async (target: VerifiedTarget) => this.#install(target),
      finalize: async (target: VerifiedTarget) => {
        this.calls.push('finalize');
        return this.#running?.name === target.name
          ? ok('Successfully booted on new version')
          : failed('Wrong version booted');
      },
      rollback: async (target: VerifiedTarget) => this.#rollback(target),
    };
  }

  readonly bootloader = {
    installing: async (): Promise<void> => {
      this.calls.push('installing');
      this.#isTrying = true;
      this.#hasGoneBack = false;
    },
    good: async (): Promise<void> => {
      this.calls.push('good');
      this.#isTrying = false;
    },
    rolledBack: async (): Promise<boolean> => this.#hasGoneBack,
  };

  readonly sentinel = {
    uptimeMs: (): number => this.uptimeMs,
    announce: (): void => void (this.hasSentinel = true),
    withdraw: (): void => void (this.hasSentinel = false),
    isAnnounced: (): boolean => this.hasSentinel,
    reboot: async (): Promise<string | undefined> => {
      this.calls.push('reboot');
      return undefined;
    },
  };

  readonly health = {
    isGood: async (): Promise<{ good: boolean; detail: string }> => {
      const name = this.running ?? 'factory';
      this.calls.push(`health of ${name}`);
      return this.sick.has(name) ? { good: false, detail: `${name} is sick` } : { good: true, detail: '' };
    },
  };

  #install(target: VerifiedTarget): Result {
    this.calls.push('install');
    if (this.#running?.name === target.name)
      return { success: true, code: 'ALREADY_PROCESSED', description: 'Already installed' };
    const { name, lengthBytes, hashes, custom } = target;
    const { ecu: ecuSerial } = this.#options;
    const version = { ecuSerial, name, lengthBytes, hashes, correlationId: '', customMeta: custom };
    if (this.#options.installs === 'at once') {
      this.#before = this.#running;
      this.#running = version;
      return ok('Installed');
    }
    this.#next = version;
    return { success: false, code: 'NEED_COMPLETION', description: 'Installed, need reboot' };
  }

  #rollback(target: VerifiedTarget): Result {
    this.calls.push('rollback');
    if (this.#running?.name !== target.name) return ok('Nothing to go back from');
    if (this.#options.installs === 'at once') {
      this.#running = this.#before;
      return ok('Back');
    }
    this.#next = this.#before ?? FACTORY;
    return { success: false, code: 'NEED_COMPLETION', description: 'Back after a reboot' };
  }
}

const FACTORY: Version = {
  ecuSerial: '' as EcuSerial,
  name: 'factory',
  lengthBytes: 0,
  hashes: {},
  correlationId: '',
  customMeta: {},
};

function ok(description: string): Result {
  return { success: true, code: 'OK', description };
}

function failed(description: string): Result {
  return { success: false, code: 'INSTALL_FAILED', description };
}
