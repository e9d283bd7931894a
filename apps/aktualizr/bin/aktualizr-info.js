#!/usr/bin/env node
import { run } from './run.js';

const documents = ['root', 'timestamp', 'snapshot', 'targets'];
const options = {
  flags: [
    'json',
    'wait-until-provisioned',
    'name-only',
    'tls-creds',
    'tls-root-ca',
    'tls-cert',
    'tls-prv-key',
    'ecu-keys',
    'ecu-keyid',
    'ecu-pub-key',
    'ecu-prv-key',
    ...documents.flatMap((name) => [`director-${name}`, `image-${name}`]),
    'secondary-keys',
    'allow-migrate',
    'delegation',
  ],
  values: ['config', 'root-version'],
};
await run('aktualizr-info', options, () => import('../src/info/main.ts'));
