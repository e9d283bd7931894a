#!/usr/bin/env node
// Asks at a terminal: shows what waits, takes yes or later, and lets the daemon go on after a yes.
import { createInterface } from 'node:readline/promises';
import { answerQuestion, askDaemon, readQuestions, readSettings } from './questions.mjs';

const settings = readSettings();
const waiting = [...readQuestions(settings)].filter(([, { answer }]) => answer !== 'yes');
if (waiting.length === 0) process.stdout.write('Nothing waits for an answer.\n');
const terminal = createInterface({ input: process.stdin, output: process.stdout });
for (const [id, { targets }] of waiting) await ask(id, targets);
terminal.close();

async function ask(id, targets) {
  const said = await terminal.question(`Install ${targets.join(', ')} now? [yes/later] `);
  const isYes = /^y(es)?$/i.test(said.trim());
  answerQuestion(settings, id, isYes ? 'yes' : 'later');
  if (!isYes) return void process.stdout.write('Asked again later.\n');
  const { outcome } = await askDaemon(settings, 'POST', 'once');
  process.stdout.write(`${outcome}\n`);
}
