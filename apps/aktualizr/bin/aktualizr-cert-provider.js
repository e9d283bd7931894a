#!/usr/bin/env node
import { run } from './run.js';

const options = {
  flags: ['root-ca', 'server-url', 'skip-checks', 'json'],
  values: [
    'credentials',
    'fleet-ca',
    'fleet-ca-key',
    'bits',
    'days',
    'certificate-c',
    'certificate-st',
    'certificate-o',
    'certificate-cn',
    'target',
    'port',
    'directory',
    'local',
    'config',
  ],
};
await run('aktualizr-cert-provider', options, () => import('../src/cert-provider/main.ts'));
