// What becomes of an address that gave no answer, and of a repository that gave another image, although the next one had
// it: said on the device, and told to the Director where it points to an attack. Uptane Standard #version_report
import { MetadataError, type CodedError } from '@ota-connect/uptane';
import type { Storage } from '../ports.ts';
import type { Log } from '../steps/context.ts';
import { attackText } from './attacks.ts';

export function tellPassedOver(
  { attacks }: Pick<Storage, 'attacks'>,
  now: () => number,
  log: Log,
): (error: CodedError) => void {
  return (error) => {
    const isRefusal = error instanceof MetadataError;
    log('warning', `${error.message} ${isRefusal ? 'It is not taken.' : 'The next address is asked.'}`);
    const text = attackText(error);
    if (text !== undefined) attacks.record({ text, at: now(), subject: isRefusal ? 'image' : 'metadata' });
  };
}
