// One uploaded file as lines for a person.
import type { Software } from '@ota-connect/contract/user';
import { bytes, details } from './output.ts';

export function describeSoftware(software: Software): string {
  return details([
    ['Filename', software.filename],
    ['Name', software.name],
    ['Version', software.version],
    ['Hardware', software.hardwareIds.join(', ')],
    ['Size', `${bytes(software.lengthBytes)} (${software.lengthBytes} bytes)`],
    ['SHA-256', software.sha256],
    ['Created', software.createdAt],
  ]);
}
