// The Director as devices see it: registration, manifest, and the metadata made for this device alone. Who the device is
// says its certificate, never its body. Source: server-protocol 4.1
import type { FastifyRequest } from 'fastify';
import { DEVICE_PATHS } from '@ota-connect/contract/device';
import type { Context } from '../../platform/context.ts';
import type { App } from '../../platform/http/app.ts';
import { sendDocument } from '../../platform/http/conditional.ts';
import { RequestError } from '../../platform/http/problem.ts';
import { acceptBytes, bytesOf } from '../../platform/http/raw-body.ts';
import { sendRoot } from '../keyserver/index.ts';
import { readRegistration } from './read-registration.ts';
import { receiveManifest } from './receive-manifest.ts';
import { registerEcus } from './register-ecus.ts';
import { serveDeviceRole } from './serve-device-metadata.ts';
import type { DeviceKey, DeviceRole } from './store.ts';

const MAX_BODY_BYTES = 2 * 1024 * 1024;
const ROLES: readonly DeviceRole[] = ['targets', 'snapshot', 'timestamp'];

export function deviceRoutes(app: App, ctx: Context): void {
  void app.register(async (scope) => {
    acceptBytes(scope);
    scope.post(DEVICE_PATHS.ecus, { bodyLimit: MAX_BODY_BYTES }, async (request, reply) => {
      const registered = await registerEcus(ctx, keyOf(request), readRegistration(bytesOf(request)));
      return reply.code(registered === 'created' ? 201 : 200).send({});
    });
    scope.put(DEVICE_PATHS.manifest, { bodyLimit: MAX_BODY_BYTES }, async (request, reply) => {
      await receiveManifest(ctx, keyOf(request), bytesOf(request));
      return reply.code(200).send({});
    });
  });
  app.get<{ Params: { version: string } }>(
    `${DEVICE_PATHS.director}/:version(^\\d{1,9}).root.json`,
    (request, reply) => sendRoot(ctx, { request, reply }, 'director', Number(request.params.version)),
  );
  app.get(`${DEVICE_PATHS.director}/root.json`, (request, reply) =>
    sendRoot(ctx, { request, reply }, 'director'),
  );
  // Connections on which a poll has read Timestamp and is still on its way to Targets.
  const midway = new WeakSet<object>();
  for (const role of ROLES) {
    app.get(`${DEVICE_PATHS.director}/${role}.json`, async (request, reply) => {
      const { socket } = request.raw;
      const followsTimestamp = role !== 'timestamp' && midway.has(socket);
      if (role === 'timestamp') midway.add(socket);
      if (role === 'targets') midway.delete(socket);
      const document = await serveDeviceRole(ctx, { key: keyOf(request), role, followsTimestamp });
      if (document === undefined)
        throw new RequestError('missing_entity', 'This device has registered no ECUs yet.');
      return sendDocument(request, reply, document);
    });
  }
}

function keyOf(request: FastifyRequest): DeviceKey {
  return { environment: request.device.environment, uuid: request.device.uuid };
}
