// The updates of one device and its installation reports, newest first, for people.
import { Type } from 'typebox';
import {
  DeviceUpdateSchema,
  InstallationReportSchema,
  pageOf,
  type DeviceUpdate,
} from '@ota-connect/contract/user';
import { isoSeconds } from '../../platform/clock.ts';
import type { Context } from '../../platform/context.ts';
import type { App } from '../../platform/http/app.ts';
import { listInstallationReports } from './installation-report-store.ts';
import { listAssignments, type StoredAssignment } from './assignment-store.ts';

const Params = Type.Object({ id: Type.String() });

export function userRoutes(app: App, ctx: Context): void {
  const schema = { params: Params, response: { 200: pageOf(DeviceUpdateSchema) } };
  app.get('/devices/:id/updates', { schema }, async (request) => {
    const key = { environment: request.user.environment, uuid: request.params.id };
    const assignments = await listAssignments(ctx.db, key);
    return { values: assignments.toReversed().map(toUpdate) };
  });
  const reports = { params: Params, response: { 200: pageOf(InstallationReportSchema) } };
  app.get('/devices/:id/installation-reports', { schema: reports }, async (request) => {
    const key = { environment: request.user.environment, uuid: request.params.id };
    const stored = await listInstallationReports(ctx.db, key);
    return {
      values: stored.map(({ receivedAt, lastReceivedAt, ...report }) => ({
        ...report,
        items: [...report.items],
        receivedAt: isoSeconds(receivedAt),
        lastReceivedAt: isoSeconds(lastReceivedAt),
      })),
    };
  });
}

function toUpdate(assignment: StoredAssignment): DeviceUpdate {
  const { correlationId, ecuSerial, state, result, completedAt } = assignment;
  return {
    correlationId,
    ecuSerial,
    target: assignment.target.filename,
    state,
    createdAt: isoSeconds(assignment.createdAt),
    ...(result === undefined ? {} : { result: { code: result.code, description: result.description } }),
    ...(completedAt === undefined ? {} : { completedAt: isoSeconds(completedAt) }),
  };
}
