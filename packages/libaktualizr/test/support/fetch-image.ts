// A process that fetches one image as aktualizr does, for those who kill it or measure it. Its argument is JSON.
import { createHasher } from '@ota-connect/uptane';
import { HttpClient } from '../../src/adapters/http/client.ts';
import { downloadFile } from '../../src/adapters/http/download.ts';
import type { TlsCredentials } from '../../src/ports.ts';
import { readBootId } from '../../src/wiring/boot-id.ts';

export type FetchPlan = {
  readonly url: string;
  readonly file: string;
  readonly lengthBytes: number;
  readonly sha256: string;
  readonly credentials: TlsCredentials;
};

const plan = JSON.parse(process.argv[2] ?? '') as FetchPlan;
const http = new HttpClient({ credentials: () => plan.credentials, userAgent: 'Aktualizr/test' });
await downloadFile(http, {
  name: 'image',
  url: plan.url,
  file: plan.file,
  lengthBytes: plan.lengthBytes,
  hashes: { sha256: plan.sha256 },
  onProgress: () => undefined,
  signal: new AbortController().signal,
  newHasher: createHasher,
  bootId: readBootId(),
});
http.close();
