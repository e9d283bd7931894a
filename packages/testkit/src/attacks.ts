// Every attack of the catalogue that is one mutation of the simulator, to be run against any client: verify an honest
// state first, mutate, expect the refusal, undo (`checkpoint`), expect that the client goes on.
import type { SimulatedAttack } from './attacks/attack.ts';
import { consistencyAttacks } from './attacks/consistency.ts';
import { historyAttacks } from './attacks/history.ts';
import { multiRoleAttacks } from './attacks/multi-role.ts';
import { rootAttacks } from './attacks/roots.ts';
import { signatureAttacks } from './attacks/signatures.ts';
import { delegationAttacks, targetAttacks } from './attacks/targets.ts';

export const attacks: readonly SimulatedAttack[] = [
  ...signatureAttacks,
  ...rootAttacks,
  ...historyAttacks,
  ...consistencyAttacks,
  ...targetAttacks,
  ...delegationAttacks,
  ...multiRoleAttacks,
];
