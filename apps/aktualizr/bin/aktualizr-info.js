#!/usr/bin/env node
import { run } from './run.js';

await run('aktualizr-info', () => import('../src/info/main.ts'));
