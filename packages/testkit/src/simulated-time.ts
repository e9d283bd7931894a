// The Director's time server in memory: attests a time that a test sets, with keys of its own. Hooks let an attacker change
// what is attested, who signs, and what is answered.
import { attestedTime, isNonce, signEnvelope, type Instant, type JsonObject } from '@ota-connect/uptane';
import { fixedKey, type TestKey } from './fixed-keys.ts';

export class SimulatedTime {
  now: Instant;
  keys: readonly TestKey[];
  threshold = 1;
  /** Who signs; its keys when absent. */
  signWith: readonly TestKey[] | undefined;
  /** Changes what is signed. */
  edit: ((signed: JsonObject) => JsonObject) | undefined;
  /** Answered instead, whatever the nonce. */
  override: Uint8Array | 'absent' | undefined;
  /** What was answered, oldest first. */
  readonly answers: Uint8Array[] = [];

  private constructor(now: Instant, keys: readonly TestKey[]) {
    this.now = now;
    this.keys = keys;
  }

  static async create(now: Instant): Promise<SimulatedTime> {
    return new SimulatedTime(now, [await fixedKey('director time')]);
  }

  async answer(nonce: string): Promise<Uint8Array | 'absent'> {
    if (this.override !== undefined) return this.override;
    if (!isNonce(nonce)) return 'absent';
    const unsigned = attestedTime({ time: this.now, nonce });
    const signers = (this.signWith ?? this.keys).map((key) => key.signer);
    const bytes = await signEnvelope(this.edit?.(unsigned) ?? unsigned, signers);
    this.answers.push(bytes);
    return bytes;
  }

  /** Ends every attack; the keys stay. */
  heal(): void {
    this.signWith = undefined;
    this.edit = undefined;
    this.override = undefined;
  }
}
