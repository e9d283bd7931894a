// What was asked and answered, in one small file, and the rule that decides: a person's yes counts at once; without an
// answer an update waits until its deadline, and then for the end of the quiet hours.
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import path from 'node:path';

const HOUR_MS = 3_600_000;
/** Questions of campaigns that are long over are forgotten. */
const KEPT = 20;

/** `file`: settings.json beside this program when absent. */
export function readSettings(file = new URL('settings.json', import.meta.url)) {
  const settings = JSON.parse(readFileSync(file, 'utf8'));
  if (quietHoursOf(settings.quietHours) === undefined) {
    throw new Error(
      `quietHours "${settings.quietHours}" is not of the form 22:00-06:00; leave it empty for none.`,
    );
  }
  if (typeof settings.deadlineHours !== 'number' || settings.deadlineHours < 0) {
    throw new Error('deadlineHours is a number of hours, 0 or more.');
  }
  return settings;
}

/** By correlation id: { targets, askedAt, answer: 'yes' | 'later' | null }; times in milliseconds. */
export function readQuestions({ answers }) {
  try {
    return new Map(Object.entries(JSON.parse(readFileSync(answers, 'utf8'))));
  } catch (error) {
    // Nothing was asked yet, or the power went while it was written: then it is asked again.
    if (error.code === 'ENOENT' || error instanceof SyntaxError) return new Map();
    throw error;
  }
}

export function saveQuestions({ answers }, questions) {
  mkdirSync(path.dirname(answers), { recursive: true, mode: 0o750 });
  const newest = [...questions].sort(([, a], [, b]) => b.askedAt - a.askedAt).slice(0, KEPT);
  const next = `${answers}.new`;
  writeFileSync(next, JSON.stringify(Object.fromEntries(newest), null, 2), { mode: 0o640 });
  renameSync(next, answers);
}

/** Answers undefined for go, or why not yet. */
export function whyNotYet(question, settings, now = new Date()) {
  if (question.answer === 'yes') return undefined;
  const deadline = question.askedAt + settings.deadlineHours * HOUR_MS;
  if (now.getTime() < deadline) {
    const word = question.answer === 'later' ? 'the person said later' : 'waits for an answer';
    return `${word}; at the latest ${new Date(deadline).toISOString()}`;
  }
  const quiet = quietHoursOf(settings.quietHours);
  return isWithin(quiet, now) ? `the deadline is over, and quiet hours last until ${quiet.to}` : undefined;
}

/** Records the answer; the next attempt to install sees it. */
export function answerQuestion(settings, id, answer) {
  const questions = readQuestions(settings);
  const question = questions.get(id);
  if (question === undefined) return false;
  saveQuestions(settings, questions.set(id, { ...question, answer }));
  return true;
}

/** The daemon over its control socket: status, or a verb. Resolves with its JSON answer. */
export function askDaemon({ socket }, method, word) {
  return new Promise((resolve, reject) => {
    const call = request({ socketPath: socket, method, path: `/v1/${word}` }, (answer) => {
      let text = '';
      answer.setEncoding('utf8').on('data', (piece) => (text += piece));
      answer.on('end', () => resolve(JSON.parse(text)));
      answer.on('error', reject);
    });
    call.on('error', (error) =>
      reject(new Error(`The daemon does not answer at ${socket}: ${error.message}`)),
    );
    call.end();
  });
}

/** `22:00-06:00` in the device's own time; '' is never; undefined for anything else. */
function quietHoursOf(text) {
  if (text === '') return { from: '', to: '' };
  const found = /^([01]\d|2[0-3]):([0-5]\d)-([01]\d|2[0-3]):([0-5]\d)$/.exec(text);
  return found === null ? undefined : { from: text.slice(0, 5), to: text.slice(6) };
}

function isWithin({ from, to }, now) {
  const time = `${String(now.getHours()).padStart(2, '0')}:${String(now.getMinutes()).padStart(2, '0')}`;
  return from <= to ? time >= from && time < to : time >= from || time < to;
}
