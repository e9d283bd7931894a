// The body of a request: a JSON object, or nothing. What is longer, or no object, is refused.
import type { IncomingMessage } from 'node:http';
import { problem, type Problem } from './problem.ts';

export const MAX_BODY_BYTES = 64 * 1024;

export type Input = { readonly body: ReadonlyMap<string, unknown> };

export async function readInput(message: IncomingMessage): Promise<Input | Problem> {
  if (Number(message.headers['content-length'] ?? 0) > MAX_BODY_BYTES) return tooLong();
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of message as AsyncIterable<Uint8Array>) {
    length += chunk.length;
    if (length > MAX_BODY_BYTES) return tooLong();
    chunks.push(chunk);
  }
  const text = Buffer.concat(chunks, length).toString('utf8');
  return text.trim() === '' ? { body: new Map() } : read(text);
}

function read(text: string): Input | Problem {
  const refusal = problem(400, 'bad_request', 'The body has to be a JSON object.');
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return refusal;
    return { body: new Map(Object.entries(value)) };
  } catch (error) {
    if (error instanceof SyntaxError) return refusal;
    throw error;
  }
}

function tooLong(): Problem {
  return problem(413, 'too_long', `A body has at most ${MAX_BODY_BYTES} bytes.`);
}
