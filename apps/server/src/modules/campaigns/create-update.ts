// An update: per hardware id the software to install, and optionally the one it starts from. What it says is frozen when
// it is made; software never changes under its name. Source: server-protocol 4.3, 9.3, 2.3 rule 10
import type { CreateUpdate, Update } from '@ota-connect/contract/user';
import { isoSeconds } from '../../platform/clock.ts';
import type { Context } from '../../platform/context.ts';
import { inTransaction, type Queryable } from '../../platform/db/database.ts';
import { RequestError } from '../../platform/http/problem.ts';
import { newId } from '../../platform/ids.ts';
import type { UpdateTarget } from '../director/index.ts';
import { findTarget, type Target } from '../image-repo/index.ts';
import { insertUpdate, type UpdateRow } from './store.ts';

/** Throws RequestError `invalid_entity`, `missing_entity`, `update_already_exists`. */
export async function createUpdate(ctx: Context, environment: string, wanted: CreateUpdate): Promise<Update> {
  refuseAmbiguous(wanted);
  const now = ctx.clock.now();
  return inTransaction(ctx.db, async (tx) => {
    const targets: UpdateTarget[] = [];
    for (const target of wanted.targets) targets.push(await resolve(tx, environment, target));
    const row: UpdateRow = {
      environment,
      id: newId(now),
      name: wanted.name,
      description: wanted.description ?? null,
      targets: JSON.stringify(targets),
      created_at: now,
    };
    if (!(await insertUpdate(tx, row))) {
      throw new RequestError('update_already_exists', `There is an update named "${wanted.name}" already.`);
    }
    return toUpdate(row);
  });
}

export function targetsOf(row: UpdateRow): readonly UpdateTarget[] {
  return JSON.parse(row.targets) as UpdateTarget[];
}

export function toUpdate(row: UpdateRow): Update {
  return {
    id: row.id,
    name: row.name,
    ...(row.description === null ? {} : { description: row.description }),
    targets: targetsOf(row).map(({ hardwareId, from, to }) => ({
      hardwareId,
      ...(from === undefined ? {} : { from: { filename: from.filename } }),
      to: { filename: to.filename },
    })),
    createdAt: isoSeconds(row.created_at),
  };
}

/** Of two targets for the same start, one could never be chosen. */
function refuseAmbiguous(wanted: CreateUpdate): void {
  const seen = new Set<string>();
  for (const { hardwareId, from, to } of wanted.targets) {
    if (from?.filename === to.filename) {
      throw new RequestError('invalid_entity', `The update starts from "${to.filename}" and ends there.`);
    }
    const start = JSON.stringify([hardwareId, from?.filename]);
    if (seen.has(start)) {
      throw new RequestError(
        'invalid_entity',
        `The hardware id "${hardwareId}" has two targets for the same start.`,
      );
    }
    seen.add(start);
  }
}

async function resolve(
  db: Queryable,
  environment: string,
  wanted: CreateUpdate['targets'][number],
): Promise<UpdateTarget> {
  const { hardwareId } = wanted;
  const to = await findSoftware(db, environment, wanted.to.filename);
  if (!to.hardwareIds.includes(hardwareId)) {
    throw new RequestError(
      'invalid_entity',
      `"${to.filename}" is for ${to.hardwareIds.join(', ')}: devices would refuse it on "${hardwareId}".`,
    );
  }
  const from = wanted.from && (await findSoftware(db, environment, wanted.from.filename));
  return {
    hardwareId,
    to: { ...imageOf(to), releaseCounter: to.releaseCounter },
    ...(from === undefined ? {} : { from: imageOf(from) }),
  };
}

async function findSoftware(db: Queryable, environment: string, filename: string): Promise<Target> {
  const target = await findTarget(db, environment, filename);
  if (target === undefined)
    throw new RequestError('missing_entity', `There is no software named "${filename}".`);
  return target;
}

function imageOf(target: Target): { filename: string; lengthBytes: number; sha256: string } {
  return { filename: target.filename, lengthBytes: target.lengthBytes, sha256: target.sha256 };
}
