// A device sends its whole effective configuration, passwords included. What is secret is blanked before anything is stored;
// everything else stays as it was sent. A place that cannot be understood is blanked too, from the sign of equality on, or
// whole when there is none.
// Source: client-protocol 3.9 (`p11.pass`, `provision.p12_password`)
import { TomlFailure, TomlScanner, type Value } from './scan-toml.ts';
import { isSecretName, namesSecret, withoutSecrets } from './secret-names.ts';

/** The end of a coded key has a sign of equality too, and nothing or another one behind it. */
const KEY_BEFORE_VALUE = /^[ \t]*[\w."'-]{1,64}[ \t]*=(?=[ \t]*[^\s=])/;
const REDACTED = '"[redacted]"';

export function redactConfig(toml: string): string {
  const scanner = new TomlScanner(toml);
  let redacted = '';
  let isSecretTable = false;
  while (scanner.at < toml.length) {
    const start = scanner.at;
    try {
      const line = readLine(scanner, isSecretTable);
      redacted += line.redacted;
      isSecretTable = line.isSecretTable;
    } catch (error) {
      if (!(error instanceof TomlFailure)) throw error;
      // What was meant may go on as far as it could be read.
      scanner.at = lineEnd(toml, Math.max(error.at, start));
      redacted += blank(toml.slice(start, scanner.at));
      // A header that cannot be read leaves the names of its table unknown.
      isSecretTable ||= /^\s*\[/.test(toml.slice(start, scanner.at));
    }
  }
  return redacted;
}

type Line = { readonly redacted: string; readonly isSecretTable: boolean };

/** Up to its line end: nothing, a header, or a key with its value, and perhaps a remark. Throws TomlFailure. */
function readLine(scanner: TomlScanner, isSecretTable: boolean): Line {
  const { text } = scanner;
  const start = scanner.at;
  scanner.blanks();
  if (isLineDone(text, scanner.at)) return { redacted: readRest(scanner, start), isSecretTable };
  if (scanner.take('[')) {
    const isSecret = readHeader(scanner);
    return { redacted: readRest(scanner, start), isSecretTable: isSecret };
  }
  const keys = scanner.keys();
  scanner.expect('=');
  scanner.blanks();
  const head = text.slice(start, scanner.at);
  const value = redactValue(text, scanner.value(), isSecretTable || keys.some(isSecretName));
  return { redacted: head + value + readRest(scanner, scanner.at), isSecretTable };
}

/** True when the table's name says that its values are secrets. */
function readHeader(scanner: TomlScanner): boolean {
  const isList = scanner.take('[');
  scanner.blanks();
  const keys = scanner.keys();
  scanner.expect(isList ? ']]' : ']');
  return keys.some(isSecretName);
}

/** From `start` on: blanks and a remark, which may hold an old setting. Throws TomlFailure when more stands there. */
function readRest(scanner: TomlScanner, start: number): string {
  const { text } = scanner;
  scanner.blanks();
  if (!isLineDone(text, scanner.at)) throw scanner.failure();
  const remark = scanner.at;
  scanner.at = lineEnd(text, remark);
  const rest = text.slice(start, scanner.at);
  if (!namesSecret(text.slice(remark, scanner.at))) return rest;
  return `${text.slice(start, remark)}# [redacted]${/\r?\n$/.exec(rest)?.[0] ?? ''}`;
}

function redactValue(text: string, value: Value, isSecret: boolean): string {
  const asSent = text.slice(value.start, value.end);
  if (value.kind === 'many' && !isSecret) {
    let redacted = '';
    let at = value.start;
    for (const entry of value.values) {
      redacted += text.slice(at, entry.value.start);
      redacted += redactValue(text, entry.value, entry.keys.some(isSecretName));
      at = entry.value.end;
    }
    return redacted + text.slice(at, value.end);
  }
  if (isSecret) return value.kind === 'text' && value.text === '' ? asSent : REDACTED;
  if (value.kind !== 'text') return asSent;
  const kept = withoutSecrets(value.text);
  return kept === value.text ? asSent : JSON.stringify(kept);
}

function isLineDone(text: string, at: number): boolean {
  return at >= text.length || /^(?:#|\r?\n|\r$)/.test(text.slice(at, at + 2));
}

/** Behind the line end. */
function lineEnd(text: string, at: number): number {
  const found = text.indexOf('\n', at);
  return found < 0 ? text.length : found + 1;
}

function blank(part: string): string {
  const key = KEY_BEFORE_VALUE.exec(part)?.[0];
  const end = part.endsWith('\n') ? '\n' : '';
  return key === undefined ? `# [redacted]${end}` : `${key} ${REDACTED}${end}`;
}
