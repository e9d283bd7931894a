#!/usr/bin/env node
import { run } from './run.js';

await run('aktualizr', () => import('../src/main.ts'));
