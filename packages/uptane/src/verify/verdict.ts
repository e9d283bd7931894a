// What verification is asked about and what it answers. Source: Uptane Standard #full_verification
import type { Hashes } from '../hashes.ts';
import type { CorrelationId, EcuSerial, HardwareId, TargetName } from '../identifiers.ts';
import type { JsonObject } from '../json/value.ts';
import type { Limits } from '../limits.ts';

export type InstalledTarget = {
  readonly name: string;
  readonly lengthBytes: number;
  readonly hashes: Hashes;
  readonly releaseCounter?: number;
};

export type VehicleEcu = {
  readonly serial: EcuSerial;
  readonly hardwareId: HardwareId;
  readonly installed?: InstalledTarget;
  /** The highest release counter that was ever installed there: a boot that went back to an older image keeps it. */
  readonly releaseCounterFloor?: number;
};

export type Vehicle = {
  /** On a Secondary itself alone. */
  readonly ecus: readonly VehicleEcu[];
  /**
   * `primary` when absent. A Secondary does not know which other ECUs there are and takes the Director's word for them;
   * and it takes no first Root from its Primary: its stores have those of its provisioning.
   */
  readonly role?: 'primary' | 'secondary';
  /** Names that this vehicle goes by, as the Director's `custom.vehicleId` may say one; absent: not checked. */
  readonly ids?: ReadonlySet<string>;
  /**
   * `auto` when absent: demanded once they were seen. `off` is for an original Director: it forgets that they were, and
   * takes images without a release counter.
   */
  readonly directorFullRoles?: 'auto' | 'required' | 'off';
  readonly limits?: Limits;
};

/** An image that both repositories agree on and that at least one ECU does not run yet. */
export type VerifiedTarget = {
  readonly name: TargetName;
  readonly lengthBytes: number;
  /** Those of both repositories together: every one of them has to hold for the image. */
  readonly hashes: Hashes;
  /** The ECUs that are to install it: those of the Director's entry that do not run it yet. */
  readonly ecus: ReadonlyMap<EcuSerial, HardwareId>;
  /** The Director's, else the Image repository's; absent: below the Image repository's address. */
  readonly uri?: string;
  /** With a repository mapping: those that list it, by their names there; it is asked for below their addresses. */
  readonly repositories?: readonly string[];
  readonly targetFormat?: 'OSTREE' | 'BINARY';
  /** The Director's, with `targetFormat` filled in, as the original stores it. */
  readonly custom: JsonObject;
  readonly releaseCounter?: number;
};

/** What partial verification answers, for one ECU. */
export type PartialVerdict =
  | { readonly kind: 'nothing_new'; readonly correlationId?: CorrelationId }
  | { readonly kind: 'update'; readonly correlationId?: CorrelationId; readonly target: VerifiedTarget };

export type Verdict =
  | { readonly kind: 'nothing_new'; readonly correlationId?: CorrelationId }
  | {
      readonly kind: 'updates';
      readonly correlationId?: CorrelationId;
      readonly targets: readonly VerifiedTarget[];
    };
