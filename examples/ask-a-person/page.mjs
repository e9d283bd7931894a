#!/usr/bin/env node
// Asks on a small page, for a screen in the vehicle: http://127.0.0.1:8477/. It listens on this machine alone, answers to
// its own address alone, and takes an answer only from its own page.
import { randomBytes, timingSafeEqual } from 'node:crypto';
import { createServer } from 'node:http';
import { answerQuestion, askDaemon, readQuestions, readSettings } from './questions.mjs';

const settings = readSettings();
const port = Number(process.argv[2] ?? 8477);
const token = randomBytes(16).toString('hex');
const server = createServer((message, response) => {
  handle(message, response).catch((error) =>
    send(response, 500, page('Something went wrong', text(error.message))),
  );
});
server.listen(port, '127.0.0.1', () => process.stdout.write(`http://127.0.0.1:${server.address().port}/\n`));

async function handle(message, response) {
  const own = [`127.0.0.1:${server.address().port}`, `localhost:${server.address().port}`];
  if (!own.includes(message.headers.host)) return send(response, 421, page('Not here', ''));
  if (message.method === 'GET' && message.url === '/') return send(response, 200, await questionsPage());
  if (message.method === 'POST' && message.url === '/answer') return answer(message, response);
  return send(response, 404, page('There is no such page', ''));
}

async function answer(message, response) {
  const form = new URLSearchParams(await bodyOf(message));
  if (!isOurs(form.get('token') ?? '')) return send(response, 403, page('That came from another page', ''));
  const isYes = form.get('answer') === 'yes';
  answerQuestion(settings, form.get('id') ?? '', isYes ? 'yes' : 'later');
  // Not waited for: an installation takes its time, and the page shows how far it is.
  if (isYes) askDaemon(settings, 'POST', 'once').catch((error) => process.stderr.write(`${error.message}\n`));
  response.writeHead(303, { location: '/' }).end();
}

async function questionsPage() {
  const waiting = [...readQuestions(settings)].filter(([, question]) => question.answer === null);
  const questions = waiting.map(([id, { targets }]) => question(id, targets)).join('');
  const running = `<p class="quiet">${text(await whatRuns())}</p>`;
  return page(waiting.length > 0 ? 'An update is ready' : 'Nothing to decide', questions + running);
}

async function whatRuns() {
  try {
    const { state, installed } = await askDaemon(settings, 'GET', 'status');
    return `Runs ${installed?.name ?? 'its first software'}; ${state}.`;
  } catch (error) {
    return error.message;
  }
}

function question(id, targets) {
  return `<form method="post" action="/answer"><p>${text(targets.join(', '))}</p>
    <input type="hidden" name="token" value="${token}"><input type="hidden" name="id" value="${text(id)}">
    <button name="answer" value="yes">Install now</button> <button name="answer" value="later" class="plain">Later</button>
  </form>`;
}

function page(title, body) {
  return `<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>${title}</title><style>
  :root { color-scheme: light dark; font: 1.1rem/1.5 system-ui, sans-serif }
  body { max-width: 32rem; margin: 12vh auto; padding: 0 1.5rem }
  button { font: inherit; padding: .6rem 1.2rem; border-radius: .5rem; border: 1px solid #2563eb; background: #2563eb; color: #fff }
  button.plain { background: transparent; color: inherit; border-color: currentColor }
  button:focus-visible { outline: 3px solid #f59e0b; outline-offset: 2px }
  .quiet { opacity: .75 }
</style><main><h1>${title}</h1>${body}</main></html>`;
}

function isOurs(given) {
  return given.length === token.length && timingSafeEqual(Buffer.from(given), Buffer.from(token));
}

async function bodyOf(message) {
  let body = '';
  for await (const piece of message.setEncoding('utf8')) {
    body += piece;
    if (body.length > 4096) throw new Error('That is too much for an answer.');
  }
  return body;
}

function send(response, status, html) {
  const headers = {
    'content-type': 'text/html; charset=utf-8',
    'content-security-policy':
      "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; frame-ancestors 'none'",
    'cache-control': 'no-store',
  };
  response.writeHead(status, headers).end(html);
}

function text(value) {
  return String(value).replace(/[&<>"']/g, (sign) => `&#${sign.charCodeAt(0)};`);
}
