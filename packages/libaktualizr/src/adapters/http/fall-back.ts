// Several addresses of one repository: the next is asked only where the one before gives no answer at all. "No such file"
// is an answer, and so is a refusal; what an address sends is verified whichever it is. Uptane Standard #repo_mapping_meta.
import type { MetadataError, MetadataSource } from '@ota-connect/uptane';
import { TransportError } from '../../errors.ts';

const NO_ANSWER: ReadonlySet<string> = new Set(['unreachable', 'too_slow', 'truncated', 'tls_refused']);

/** Told of each address that was passed over, and of each repository that gave another image than is signed. */
export type OnPassedOver = (error: TransportError | MetadataError) => void;

/** The first answer; when nobody answers, the error of the first. */
export async function firstAnswer<A, T>(
  addresses: readonly A[],
  ask: (address: A) => Promise<T>,
  onPassedOver: OnPassedOver = () => undefined,
): Promise<T> {
  let first: TransportError | undefined;
  for (const [index, address] of addresses.entries()) {
    try {
      return await ask(address);
    } catch (error) {
      if (!gaveNoAnswer(error)) throw error;
      first ??= error;
      if (index < addresses.length - 1) onPassedOver(error);
    }
  }
  throw first ?? new TransportError('unreachable', 'There is no address to ask.');
}

export function fallBackSource(
  sources: readonly MetadataSource[],
  onPassedOver?: OnPassedOver,
): MetadataSource {
  return {
    fetch: (request) => firstAnswer(sources, (source) => source.fetch(request), onPassedOver),
  };
}

export function gaveNoAnswer(error: unknown): error is TransportError {
  if (!(error instanceof TransportError)) return false;
  const { status } = error.details;
  return NO_ANSWER.has(error.code) || (error.code === 'http_status' && Number(status) >= 500);
}
