// Kills the process that fetches an image (SIGKILL, no chance to write anything) at a random offset, again and again, and
// tells what each kill cost: bytes that the server had handed to the network by then and was asked for again.
import { spawn } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { FetchPlan } from './fetch-image.ts';
import { openPacedServer } from './paced-server.ts';

const PROGRAM = fileURLToPath(new URL('fetch-image.ts', import.meta.url));

export type KillPlan = {
  readonly kills: number;
  readonly folder: string;
  readonly imageBytes: number;
  readonly bytesPerSecond: number;
};

/** One number for each kill. Throws when an image is not right at its end. */
export async function killDownloads(plan: KillPlan): Promise<readonly number[]> {
  const costs: number[] = [];
  for (let round = 0; costs.length < plan.kills; round += 1) {
    const { folder, imageBytes } = plan;
    const file = join(folder, `IMAGE-${round}`);
    const image = randomBytes(imageBytes);
    costs.push(...(await killOneDownload(plan, image, { file, kills: plan.kills - costs.length })));
  }
  return costs;
}

/** Until the image has come through, or so many kills. */
async function killOneDownload(
  { bytesPerSecond, imageBytes }: KillPlan,
  image: Buffer,
  { file, kills }: { readonly file: string; readonly kills: number },
): Promise<readonly number[]> {
  const server = await openPacedServer(image, bytesPerSecond);
  const sha256 = createHash('sha256').update(image).digest('hex');
  const { url, credentials } = server;
  const fetching: FetchPlan = { url, file, lengthBytes: imageBytes, sha256, credentials };
  const reached: number[] = [];
  try {
    for (let done = false; !done;) {
      const child = spawn(process.execPath, [PROGRAM, JSON.stringify(fetching)], {
        stdio: ['ignore', 'ignore', 'inherit'],
      });
      const exited = once(child, 'exit');
      // Some are killed in the first bytes, most in the middle; the last is left to end.
      const after = reached.length < kills ? Math.random() * (imageBytes / 24) : Number.POSITIVE_INFINITY;
      server.onSent = (answer) => {
        // The server may not know yet that the client before is gone.
        if (server.answers[reached.length] !== answer || answer.sentBytes < after || child.killed) return;
        child.kill('SIGKILL');
        reached.push(answer.start + answer.sentBytes);
      };
      const [code, signal] = (await exited) as [number | null, NodeJS.Signals | null];
      server.onSent = () => undefined;
      if (signal === null && code !== 0) throw new Error(`The download ended with ${code}.`);
      done = signal === null;
    }
    if (createHash('sha256').update(readFileSync(file)).digest('hex') !== sha256)
      throw new Error('The image that was put together is not the one that was served.');
    return reached.map((bytes, index) => bytes - (server.answers[index + 1]?.start ?? imageBytes));
  } finally {
    await server.close();
  }
}
