import { describe } from 'node:test';
import { mediumContract } from './contracts/medium.contract.ts';

describe('simulated medium', () => {
  mediumContract((medium) => medium);
});
