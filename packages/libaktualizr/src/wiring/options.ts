// What an application may say when it creates a device client, and what it may put in place of our own parts.
// client-features 4.2; ARCHITECTURE 4.4.
import type { JsonObject, PublicKey, Signer } from '@ota-connect/uptane';
import type { PackageManagerOptions } from '../adapters/package-managers/select.ts';
import type { Config } from '../config/config.ts';
import type { ConfigOverrides } from '../config/load-toml.ts';
import type { Clock, PackageManager, Secondary } from '../ports.ts';
import type { Log } from '../steps/context.ts';

/** Makes a package manager of the application's own. Called once, before anything touches the network. */
export type PackageManagerFactory = (
  options: PackageManagerOptions,
) => PackageManager | Promise<PackageManager>;

/** A key that the application keeps, wherever it lies. `keyId` is the client's: `clientKeyId(publicKey)`. */
export type PrimarySigner = Signer & { readonly publicKey: PublicKey };

export type AktualizrOptions = {
  /** From `loadConfig`, or `defaultConfig` with changes. Without it, `configPaths` are loaded. */
  readonly config?: Config;
  /** Files or directories, as `aktualizr --config` takes them; the original's two directories when absent. */
  readonly configPaths?: readonly string[];
  /** Settings that go before those of every file. */
  readonly configOverrides?: ConfigOverrides;
  /** By the names that `pacman.type` may have; they go before the built-in ones. */
  readonly packageManagers?: Readonly<Record<string, PackageManagerFactory>>;
  /** Signs manifests in place of a key in the storage or in a token. The Primary is registered with its public key. */
  readonly signer?: PrimarySigner;
  /** The ECUs behind this Primary. Their serials differ. */
  readonly secondaries?: readonly Secondary[];
  /** Custom hardware information in place of what the system tells. */
  readonly hardwareInfo?: JsonObject;
  /** The system's when absent. */
  readonly clock?: Clock;
  /** Lines for people; nothing is written when absent. */
  readonly log?: Log;
  /** Ends whatever is under way, for good. */
  readonly signal?: AbortSignal;
  /** Of the HTTP header; `Aktualizr/` and our version when absent. */
  readonly userAgent?: string;
};
