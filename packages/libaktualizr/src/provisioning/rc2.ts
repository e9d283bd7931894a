// RC2 in CBC mode, for decryption alone: archives made by older servers and by OpenSSL 1 wrap their certificates in it,
// and today's OpenSSL no longer reads it. It hides nothing here: certificates are public. RFC 2268.

const PITABLE = Buffer.from(
  'd978f9c419ddb5ed28e9fd794aa0d89dc67e37832b76538e624c6488448bfba2' +
    '179a59f587b34f1361456d8d09817d32bd8f40eb86b77b0bf09521225c6b4e82' +
    '54d66593ce60b21c7356c014a78cf1dc1275ca1f3bbee4d1423dd430a33cb626' +
    '6fbf0eda4669075727f21d9bbc944303f811c7f690ef3ee706c3d52fc8661ed7' +
    '08e8eade8052eef784aa72ac354d6a2a961ad2715a1549744b9fd05e0418a4ec' +
    'c2e0416e0f51cbcc2491af50a1f47039997c3a8523b8b47afc02365b25559731' +
    '2d5dfa98e38a92ae05df2910676cbac9d300e6cfe19ea82c6316013f58e289a9' +
    '0d38341bab33ffb0bb480c5fb9b1cd2ec5f3db47e5a59c770aa62068fe7fc1ad',
  'hex',
);
const BLOCK = 8;
const ROTATIONS = [1, 2, 3, 5] as const;

/** The key's length in bits is also its effective one. Answers the text with its padding; undefined for a broken length. */
export function decryptRc2Cbc(key: Uint8Array, iv: Uint8Array, data: Uint8Array): Uint8Array | undefined {
  if (data.length === 0 || data.length % BLOCK !== 0 || iv.length !== BLOCK) return undefined;
  const words = expandKey(key);
  const plain = new Uint8Array(data.length);
  let previous = iv;
  for (let offset = 0; offset < data.length; offset += BLOCK) {
    const block = data.subarray(offset, offset + BLOCK);
    const opened = decryptBlock(words, block);
    for (let index = 0; index < BLOCK; index++)
      plain[offset + index] = byte(opened, index) ^ byte(previous, index);
    previous = block;
  }
  return plain;
}

function expandKey(key: Uint8Array): Uint16Array {
  const bytes = new Uint8Array(128);
  bytes.set(key);
  for (let i = key.length; i < 128; i++)
    bytes[i] = byte(PITABLE, (byte(bytes, i - 1) + byte(bytes, i - key.length)) & 0xff);
  const first = 128 - key.length;
  bytes[first] = byte(PITABLE, byte(bytes, first));
  for (let i = first - 1; i >= 0; i--)
    bytes[i] = byte(PITABLE, byte(bytes, i + 1) ^ byte(bytes, i + key.length));
  return Uint16Array.from({ length: 64 }, (_, i) => byte(bytes, 2 * i) | (byte(bytes, 2 * i + 1) << 8));
}

function decryptBlock(key: Uint16Array, block: Uint8Array): Uint8Array {
  const r = Uint16Array.from({ length: 4 }, (_, i) => byte(block, 2 * i) | (byte(block, 2 * i + 1) << 8));
  let next = 63;
  const mix = (): void => {
    for (let i = 3; i >= 0; i--) {
      const turn = ROTATIONS[i] ?? 0;
      const word = (byte(r, i) >>> turn) | (byte(r, i) << (16 - turn));
      const [one, two, three] = [byte(r, (i + 3) % 4), byte(r, (i + 2) % 4), byte(r, (i + 1) % 4)];
      r[i] = word - byte(key, next--) - (one & two) - (~one & three);
    }
  };
  const mash = (): void => {
    for (let i = 3; i >= 0; i--) r[i] = byte(r, i) - byte(key, byte(r, (i + 3) % 4) & 63);
  };
  for (const rounds of [5, 6, 5]) {
    for (let round = 0; round < rounds; round++) mix();
    if (next > 0) mash();
  }
  return Uint8Array.from({ length: BLOCK }, (_, i) => (byte(r, i >> 1) >>> (8 * (i & 1))) & 0xff);
}

function byte(bytes: Uint8Array | Uint16Array, index: number): number {
  return bytes[index] ?? 0;
}
