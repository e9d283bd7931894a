// The time that a device is provisioned with: this software did not exist before it, so no clock that says less is right.
// Raised with a release, never to a day that is yet to come on some machine that builds or tests it.
// Uptane Standard #build_time (an ECU is provisioned with a recent time)
import { parseInstant } from '@ota-connect/uptane';

export const BUILT_NOT_BEFORE = parseInstant('2026-01-01T00:00:00Z');
