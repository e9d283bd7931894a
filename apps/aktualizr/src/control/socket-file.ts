// The file of the control socket: whose it is, and who may use it. What a dead daemon left is replaced; a living one's, and
// whatever is no socket, stays. The permissions are right from the first moment: nobody gets in before they are set.
import { chmodSync, chownSync, lstatSync, mkdirSync, rmSync } from 'node:fs';
import { createConnection, type Server } from 'node:net';
import { dirname } from 'node:path';
import { groupId } from './group-id.ts';

/** Answers why the path cannot be used; undefined when it is free now. */
export async function freePath(path: string): Promise<string | undefined> {
  try {
    mkdirSync(dirname(path), { recursive: true, mode: 0o755 });
    const found = lstatSync(path, { throwIfNoEntry: false });
    if (found === undefined) return undefined;
    if (!found.isSocket()) return `${path} is no socket; it is left as it is`;
    if (await isAnswered(path)) return `another process answers on ${path}`;
    rmSync(path);
    return undefined;
  } catch (error) {
    return reason(error);
  }
}

function isAnswered(path: string): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const probe = createConnection(path);
    probe.once('connect', () => {
      probe.destroy();
      resolve(true);
    });
    probe.once('error', (error) => {
      if ('code' in error && error.code === 'ECONNREFUSED') resolve(false);
      else reject(error);
    });
  });
}

/** Answers why it could not. The file is made for the own user alone. */
export async function listenAt(server: Server, path: string): Promise<string | undefined> {
  const { promise, resolve } = Promise.withResolvers<string | undefined>();
  const onError = (error: Error) => resolve(reason(error));
  server.once('error', onError);
  // The file is made within this call, so that no other file of ours can get this mask.
  const mask = process.umask(0o177);
  try {
    server.listen(path, () => resolve(undefined));
  } finally {
    process.umask(mask);
  }
  const why = await promise;
  server.off('error', onError);
  return why;
}

/** 0660 with the group; answers what keeps the socket to the own user. */
export function admitGroup(path: string, group: string): string | undefined {
  if (group === '') return undefined;
  try {
    const id = groupId(group);
    if (id === undefined) return `there is no group ${group}`;
    chownSync(path, -1, id);
    chmodSync(path, 0o660);
    return undefined;
  } catch (error) {
    return reason(error);
  }
}

function reason(error: unknown): string {
  if (error instanceof Error && 'code' in error) return error.message;
  throw error;
}
