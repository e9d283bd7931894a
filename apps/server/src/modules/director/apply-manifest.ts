// What a verified manifest changes: the image known for each ECU, the assignments it ends, and whether that ends the
// update of the device. Reports come again until one was answered, so everything here is safe to repeat.
//   - an ECU that shows its target has ended well, whatever else the manifest says
//   - a report about another update, or about none (empty correlation id), ends nothing
//   - NEED_COMPLETION is no result yet: the device will reboot and tell
//   - a failure ends what the device has fetched, never what it has not seen
// Source: server-protocol 4.5; client-protocol 5.1, 5.2, 14 traps 16, 26, 28
import {
  isRunning,
  isSameImage,
  nextAssignmentState,
  type Assignment,
  type AssignmentEvent,
  type Image,
  type Result,
} from './assignment.ts';

export type KnownDevice = {
  /** Images as known so far; an ECU without one has never reported. */
  readonly images: ReadonlyMap<string, Image>;
  /** All assignments of the update that runs, those that ended already included. */
  readonly assignments: readonly Assignment[];
};

export type ReportedState = {
  /** One per ECU whose report is in the manifest. */
  readonly images: ReadonlyMap<string, Image>;
  readonly report?: {
    readonly correlationId: string;
    readonly result: Result;
    readonly items: ReadonlyMap<string, Result>;
  };
};

export type Transition = {
  readonly assignment: Assignment;
  readonly event: AssignmentEvent;
  readonly result: Result;
};

export type UpdateEnd = {
  readonly correlationId: string;
  /** `other_image`: the device reports success and runs something else. */
  readonly kind: 'completed' | 'other_image';
  readonly result: Result;
  readonly ecuResults: ReadonlyMap<string, Result>;
};

export type Applied = {
  readonly changedImages: ReadonlyMap<string, Image>;
  readonly transitions: readonly Transition[];
  readonly ended?: UpdateEnd;
};

const NEED_COMPLETION = 'NEED_COMPLETION';
/** Sizes of the columns that keep what a device says. */
const MAX_CODE = 255;
const MAX_DESCRIPTION = 1024;

export function applyManifest(known: KnownDevice, reported: ReportedState): Applied {
  const changedImages = new Map<string, Image>();
  for (const [serial, image] of reported.images) {
    const before = known.images.get(serial);
    if (before === undefined || !isSameImage(before, image)) changedImages.set(serial, image);
  }
  const transitions: Transition[] = [];
  for (const assignment of known.assignments) {
    if (!isRunning(assignment.state)) continue;
    const step = judge(assignment, reported);
    if (step !== undefined) transitions.push({ assignment, ...step, result: clip(step.result) });
  }
  const ended = endOf(known.assignments, transitions, reported);
  return { changedImages, transitions, ...(ended === undefined ? {} : { ended }) };
}

function judge(
  assignment: Assignment,
  { images, report }: ReportedState,
): { event: AssignmentEvent; result: Result } | undefined {
  const image = images.get(assignment.ecuSerial);
  const concerns = report?.correlationId === assignment.correlationId;
  const item = concerns ? report.items.get(assignment.ecuSerial) : undefined;
  if (image !== undefined && isSameImage(image, assignment.target)) {
    return { event: 'image_installed', result: item?.success === true ? item : ok() };
  }
  if (!concerns || assignment.state !== 'in_flight') return undefined;
  if (report.result.code === NEED_COMPLETION || item?.code === NEED_COMPLETION) return undefined;
  // The Primary speaks for an ECU whose own report it could not get; otherwise the update would stay open for ever.
  const vouchedFor = image === undefined && (item?.success ?? report.result.success);
  if (vouchedFor) return { event: 'image_installed', result: item ?? report.result };
  if (report.result.success) {
    return {
      event: 'other_image_installed',
      result: failure(
        'OPERATION_CANCELLED',
        `The ECU reports ${image?.filename ?? 'nothing'} instead of the target`,
      ),
    };
  }
  return { event: 'install_failed', result: item?.success === false ? item : report.result };
}

function endOf(
  assignments: readonly Assignment[],
  transitions: readonly Transition[],
  { report }: ReportedState,
): UpdateEnd | undefined {
  const [first] = transitions;
  if (first === undefined) return undefined;
  const after = new Map(assignments.map((assignment) => [assignment.id, assignment]));
  for (const { assignment, event, result } of transitions) {
    const state = nextAssignmentState(assignment.state, event) ?? assignment.state;
    after.set(assignment.id, { ...assignment, state, result });
  }
  const all = [...after.values()];
  if (all.some((assignment) => isRunning(assignment.state))) return undefined;
  const { correlationId } = first.assignment;
  const stated = report?.correlationId === correlationId ? clip(report.result) : undefined;
  return {
    correlationId,
    ...outcomeOf(all, stated),
    ecuResults: new Map(all.map((assignment) => [assignment.ecuSerial, assignment.result ?? ok()])),
  };
}

function outcomeOf(
  all: readonly Assignment[],
  stated: Result | undefined,
): { kind: UpdateEnd['kind']; result: Result } {
  const failed = all.filter((assignment) => assignment.state === 'failed');
  if (failed.length > 0) {
    if (stated?.success === false) return { kind: 'completed', result: stated };
    const code = failed.map((one) => `${one.hardwareId}:${one.result?.code ?? 'UNKNOWN'}`).join('|');
    const text = 'Installation failed on one or more ECUs';
    return { kind: 'completed', result: clip(failure(code, text)) };
  }
  const other = all.find((assignment) => assignment.state === 'cancelled');
  if (other !== undefined)
    return { kind: 'other_image', result: other.result ?? failure('OPERATION_CANCELLED', '') };
  return { kind: 'completed', result: stated?.success === true ? stated : ok() };
}

function ok(): Result {
  return { success: true, code: 'OK', description: '' };
}

function failure(code: string, description: string): Result {
  return { success: false, code, description };
}

function clip(result: Result): Result {
  return {
    success: result.success,
    code: result.code.slice(0, MAX_CODE),
    description: result.description.slice(0, MAX_DESCRIPTION),
  };
}
