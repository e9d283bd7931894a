// UUIDv7: sorts by the time it was made, also within one millisecond of this process. The outbox and every
// cursor rely on that order. Source: RFC 9562, section 5.7 with a counter in rand_a
import { randomBytes } from 'node:crypto';

let lastMs = 0;
let counter = 0;

/** A new id; later calls of this process give greater text. */
export function newId(now: number = Date.now()): string {
  if (now > lastMs) {
    lastMs = now;
    counter = randomBytes(1).readUInt8();
  } else if (++counter > 0xfff) {
    lastMs += 1;
    counter = 0;
  }
  const bytes = randomBytes(16);
  bytes.writeUIntBE(lastMs, 0, 6);
  bytes.writeUInt16BE(0x7000 | counter, 6);
  bytes.writeUInt8((bytes.readUInt8(8) & 0x3f) | 0x80, 8);
  const hex = bytes.toString('hex');
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-');
}
