#!/usr/bin/env node
import { run } from './run.js';

const options = {
  flags: ['check-config', 'json', 'standalone', 'compat-exit-codes'],
  values: [
    'config',
    'run-mode',
    'tls-server',
    'repo-server',
    'director-server',
    'primary-ecu-serial',
    'primary-ecu-hardware-id',
    'secondary-config-file',
    'campaign-id',
    'hwinfo-file',
  ],
};
await run('aktualizr', options, () => import('../src/main.ts'));
