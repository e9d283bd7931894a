// What the Director says against what the Image repository says, and against the ECUs that there are.
import { describe } from 'node:test';
import { attacks } from '@ota-connect/testkit';
import { itRefuses } from '../client.ts';

describe('the Director against the Image repository', () => {
  for (const attack of attacks) if (attack.group === 'targets') itRefuses(attack);
});
