// Which ECUs of a device an update concerns, and why not the others. An ECU that is still busy with an earlier update is
// judged by what that one will leave on it, since a later update waits its turn.
// Source: server-protocol 4.3, 4.4
import { isSameImage, type AssignedTarget, type Image } from './assignment.ts';

export type UpdateTarget = {
  readonly hardwareId: string;
  /** Absent: whatever is installed qualifies. */
  readonly from?: Image;
  readonly to: AssignedTarget;
};

export type UpdatableEcu = {
  readonly serial: string;
  readonly hardwareId: string;
  /** Absent until the ECU has reported for the first time. */
  readonly installed?: Image;
  /** What the updates before this one will leave installed. */
  readonly expected?: Image;
};

export type NotAffectedCode =
  | 'device_no_compatible_hardware'
  | 'installed_target_is_update'
  | 'not_affected_by_mtu'
  | 'targets_too_large';

export type Affected =
  | { readonly kind: 'affected'; readonly ecus: readonly { ecu: UpdatableEcu; target: UpdateTarget }[] }
  | { readonly kind: 'not_affected'; readonly code: NotAffectedCode };

export function findAffected(ecus: readonly UpdatableEcu[], targets: readonly UpdateTarget[]): Affected {
  const affected: { ecu: UpdatableEcu; target: UpdateTarget }[] = [];
  let code: NotAffectedCode = 'device_no_compatible_hardware';
  for (const ecu of ecus) {
    const fitting = targets.filter((target) => target.hardwareId === ecu.hardwareId);
    const found = fitting.find((target) => judge(ecu, target) === 'affected');
    if (found !== undefined) affected.push({ ecu, target: found });
    else for (const target of fitting) code = stronger(code, judge(ecu, target));
  }
  return affected.length > 0 ? { kind: 'affected', ecus: affected } : { kind: 'not_affected', code };
}

function judge(ecu: UpdatableEcu, target: UpdateTarget): 'affected' | NotAffectedCode {
  const image = ecu.expected ?? ecu.installed;
  if (image !== undefined && isSameImage(image, target.to)) return 'installed_target_is_update';
  if (target.from === undefined) return 'affected';
  return image !== undefined && isSameImage(image, target.from) ? 'affected' : 'not_affected_by_mtu';
}

/** One reason for the device: that it has the update already says more than that it fits nowhere. */
function stronger(a: NotAffectedCode, b: 'affected' | NotAffectedCode): NotAffectedCode {
  if (b === 'installed_target_is_update' || a === 'installed_target_is_update')
    return 'installed_target_is_update';
  return b === 'not_affected_by_mtu' ? b : a;
}
