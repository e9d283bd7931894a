#!/usr/bin/env node
// hooks.program of aktualizr: before an installation it asks a person and holds the installation back until there is an
// answer, or the deadline is over. Exit code 0 goes on; 75 postpones, with the reason on standard output.
import { readFileSync } from 'node:fs';
import { readQuestions, readSettings, saveQuestions, whyNotYet } from './questions.mjs';

const POSTPONE = 75;

if (process.env.AKTUALIZR_HOOK === 'install-pre') process.exitCode = askOrSay();

/** What goes wrong here holds the installation back as well, and says so. */
function askOrSay() {
  try {
    return ask();
  } catch (error) {
    process.stdout.write(`${error.message}\n`);
    return POSTPONE;
  }
}

function ask() {
  const settings = readSettings();
  const { correlationId, targets } = JSON.parse(readFileSync(0, 'utf8'));
  const questions = readQuestions(settings);
  const known = questions.get(correlationId);
  const question = known ?? { targets: targets.map(({ name }) => name), askedAt: Date.now(), answer: null };
  if (known === undefined) saveQuestions(settings, questions.set(correlationId, question));
  const reason = whyNotYet(question, settings);
  if (reason === undefined) return 0;
  process.stdout.write(`${reason}\n`);
  return POSTPONE;
}
