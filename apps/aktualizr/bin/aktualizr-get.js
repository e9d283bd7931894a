#!/usr/bin/env node
import { run } from './run.js';

await run(
  'aktualizr-get',
  { flags: [], values: ['config', 'url', 'header'] },
  () => import('../src/get/main.ts'),
);
