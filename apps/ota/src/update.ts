// One update as lines for a person.
import type { Update } from '@ota-connect/contract/user';
import { details, table } from './output.ts';

export function describeUpdate(update: Update): string {
  const head = details([
    ['Name', update.name],
    ['Id', update.id],
    ['Description', update.description],
    ['Created', update.createdAt],
  ]);
  const rows = update.targets.map((each) => [
    each.hardwareId,
    each.from?.filename ?? 'any',
    each.to.filename,
  ]);
  return `${head}\n\n${table(['HARDWARE ID', 'FROM', 'TO'], rows, 'No targets.')}`;
}
