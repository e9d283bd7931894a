// The Director as devices see it: registration, manifest, and the metadata made for this device alone. Who the device is
// says its certificate, never its body. Source: server-protocol 4.1; extensions "Attested time"
import type { FastifyReply, FastifyRequest } from 'fastify';
import { Type } from 'typebox';
import { DEVICE_PATHS } from '@ota-connect/contract/device';
import type { Context } from '../../platform/context.ts';
import type { App } from '../../platform/http/app.ts';
import { sendDocument } from '../../platform/http/conditional.ts';
import { RequestError } from '../../platform/http/problem.ts';
import { acceptBytes, bytesOf } from '../../platform/http/raw-body.ts';
import { VERSION, type Versioned } from '../../platform/http/versioned-name.ts';
import { attestTime, sendRoot } from '../keyserver/index.ts';
import { readRegistration } from './read-registration.ts';
import { receiveManifest } from './receive-manifest.ts';
import { registerEcus } from './register-ecus.ts';
import { serveDeviceRole } from './serve-device-metadata.ts';
import type { DeviceRole } from './store.ts';

const MAX_BODY_BYTES = 2 * 1024 * 1024;
const ROLES: readonly DeviceRole[] = ['targets', 'snapshot', 'timestamp'];

const TimeQuery = Type.Object({ nonce: Type.String({ pattern: '^([0-9a-fA-F]{2}){16,64}$' }) });
type Asked = { readonly request: FastifyRequest; readonly reply: FastifyReply };

export function deviceRoutes(app: App, ctx: Context): void {
  void app.register(async (scope) => {
    acceptBytes(scope);
    scope.post(DEVICE_PATHS.ecus, { bodyLimit: MAX_BODY_BYTES }, async (request, reply) => {
      const registered = await registerEcus(ctx, request.device, readRegistration(bytesOf(request)));
      return reply.code(registered === 'created' ? 201 : 200).send({});
    });
    scope.put(DEVICE_PATHS.manifest, { bodyLimit: MAX_BODY_BYTES }, async (request, reply) => {
      await receiveManifest(ctx, request.device, bytesOf(request));
      return reply.code(200).send({});
    });
  });
  app.get(DEVICE_PATHS.time, { schema: { querystring: TimeQuery } }, async (request, reply) => {
    const answer = await attestTime(ctx, request.device.environment, request.query.nonce);
    void reply.header('cache-control', 'no-store').type('application/json');
    return reply.send(Buffer.from(answer));
  });
  metadataRoutes(app, ctx);
}

function metadataRoutes(app: App, ctx: Context): void {
  const base = DEVICE_PATHS.director;
  app.get<Versioned>(`${base}/${VERSION}.root.json`, (request, reply) =>
    sendRoot(ctx, { request, reply }, 'director', Number(request.params.version)),
  );
  app.get(`${base}/root.json`, (request, reply) => sendRoot(ctx, { request, reply }, 'director'));
  // Connections on which a poll has read Timestamp and is still on its way to Targets.
  const midway = new WeakSet<object>();
  const sendRole = async ({ request, reply }: Asked, role: DeviceRole, version?: number) => {
    const { device, raw } = request;
    const followsTimestamp = role !== 'timestamp' && midway.has(raw.socket);
    if (role === 'timestamp') midway.add(raw.socket);
    if (role === 'targets') midway.delete(raw.socket);
    const document = await serveDeviceRole(ctx, { device, role, followsTimestamp, version });
    if (document !== undefined) return sendDocument(request, reply, document);
    const why =
      version === undefined ? 'This device has registered no ECUs yet' : 'This version is not there';
    throw new RequestError('missing_entity', `${why}.`);
  };
  for (const role of ROLES) {
    app.get(`${base}/${role}.json`, (request, reply) => sendRole({ request, reply }, role));
    app.get<Versioned>(`${base}/${VERSION}.${role}.json`, (request, reply) =>
      sendRole({ request, reply }, role, Number(request.params.version)),
    );
  }
}
