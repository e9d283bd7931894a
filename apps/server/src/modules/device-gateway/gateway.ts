// The door for devices: mutual TLS, nobody without a certificate of our fleet gets to speak HTTP. Session tickets are
// on, so that a device that polls once a minute pays for one full handshake. Source: server-protocol 2.1, stack.md section 4
import { createServer, type Server as TlsServer } from 'node:https';
import type { Server } from 'node:http';
import type { Context } from '../../platform/context.ts';
import { checkConnectionsMs, createApp, type App } from '../../platform/http/app.ts';
import { authenticateDevice, authenticateProvisioning } from '../../platform/http/authenticate-device.ts';
import {
  findPeer,
  gatewayCredentials,
  provisioningRoutes,
  renewalRoutes,
  type GatewayCredentials,
} from '../pki/index.ts';

const RENEWAL_CHECK_MS = 24 * 3_600_000;
/** How long a device may resume its TLS session. */
const SESSION_LIFETIME_S = 24 * 3_600;

/** Routes of the modules; each sees `request.device`. */
export type DeviceRoutes = (app: App, ctx: Context) => void;

export async function createGateway(ctx: Context, deviceRoutes: readonly DeviceRoutes[]): Promise<App> {
  const tls = {
    ...tlsOptions(await gatewayCredentials(ctx)),
    handshakeTimeout: ctx.config.limits.handshakeMs,
    connectionsCheckingInterval: checkConnectionsMs(ctx.config),
  };
  let listener: TlsServer | undefined;
  const app = createApp(ctx, {
    requestMs: ctx.config.limits.deviceRequestMs,
    serverFactory: (handler) => {
      const server = createServer(tls, handler);
      server.on('tlsClientError', (error) =>
        ctx.log.debug({ reason: error.message }, 'A TLS connection was refused'),
      );
      listener = server;
      // Fastify knows no name for an https.Server where routes are shared with plain HTTP; it treats both alike.
      return server as unknown as Server;
    },
  });
  // The effective configuration of a device is the one body that is not JSON.
  app.addContentTypeParser('application/toml', { parseAs: 'string' }, (_request, body, done) =>
    done(null, body),
  );
  void app.register(async (scope: App) => {
    const authenticate = authenticateProvisioning(ctx, findPeer);
    scope.addHook('onRequest', authenticate);
    scope.addHook('preHandler', authenticate);
    provisioningRoutes(scope, ctx);
  });
  void app.register(async (scope: App) => {
    const authenticate = authenticateDevice(ctx, findPeer);
    scope.addHook('onRequest', authenticate);
    scope.addHook('preHandler', authenticate);
    renewalRoutes(scope, ctx);
    for (const register of deviceRoutes) register(scope, ctx);
  });
  const renewal = setInterval(() => void renewCertificate(ctx, listener), RENEWAL_CHECK_MS).unref();
  app.addHook('onClose', async () => clearInterval(renewal));
  return app;
}

/** A server that runs for years must not end with its certificate. */
async function renewCertificate(ctx: Context, listener: TlsServer | undefined): Promise<void> {
  try {
    listener?.setSecureContext(tlsOptions(await gatewayCredentials(ctx)));
  } catch (error) {
    ctx.log.error({ err: error }, 'The certificate of the gateway could not be renewed');
  }
}

function tlsOptions(credentials: GatewayCredentials) {
  return {
    key: credentials.privateKey,
    cert: credentials.certificate,
    ca: credentials.fleetAuthority,
    sessionTimeout: SESSION_LIFETIME_S,
    requestCert: true,
    rejectUnauthorized: true,
    minVersion: 'TLSv1.2' as const,
  };
}
