// Facts that this module states.

/** A target is listed and its bytes are stored. */
export type TargetAdded = {
  readonly type: 'TargetAdded';
  readonly environment: string;
  readonly filename: string;
  readonly name: string;
};
