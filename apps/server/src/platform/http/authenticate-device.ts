// Who a gateway connection belongs to: TLS has checked that our fleet authority signed the certificate; here its
// fingerprint is looked up, once per connection, since reading the peer certificate costs more than a poll. When rights
// are taken away, every connection is looked up again; that is asked again when a body has arrived, however slowly.
// Source: stack.md section 4
import type { TLSSocket } from 'node:tls';
import type { FastifyRequest } from 'fastify';
import type { Context } from '../context.ts';
import { RequestError } from './problem.ts';

export type Device = { readonly uuid: string; readonly deviceId: string; readonly environment: string };

export type PeerIdentity =
  | ({ readonly kind: 'device' } & Device)
  | {
      readonly kind: 'provisioning';
      readonly environment: string;
      readonly credentialsId: string;
      readonly expiresAt: number;
      readonly isRevoked: boolean;
    };

/** Given by the module that issued the certificates. `fingerprint`: SHA-256 of the DER, lower-case hex. */
export type FindPeer = (ctx: Context, fingerprint: string) => Promise<PeerIdentity | undefined>;

declare module 'fastify' {
  interface FastifyRequest {
    /** Set on every route for devices. */
    device: Device;
    /** Set on the routes for shared credentials. */
    provisioning: { readonly environment: string; readonly credentialsId: string };
  }
}

type Peers = WeakMap<TLSSocket, Promise<PeerIdentity | undefined>>;
const peersOf = new WeakMap<Context, Peers>();

/** After rights were taken away: a connection that is open already keeps none of them. */
export function forgetPeers(ctx: Context): void {
  peersOf.delete(ctx);
}

export function authenticateDevice(ctx: Context, findPeer: FindPeer) {
  return async (request: FastifyRequest): Promise<void> => {
    const peer = await peerOf(ctx, request, findPeer);
    if (peer.kind !== 'device') {
      throw new RequestError(
        'device_credentials_required',
        'Shared credentials are for POST /devices alone.',
      );
    }
    request.device = peer;
  };
}

export function authenticateProvisioning(ctx: Context, findPeer: FindPeer) {
  return async (request: FastifyRequest): Promise<void> => {
    const peer = await peerOf(ctx, request, findPeer);
    if (peer.kind !== 'provisioning') {
      throw new RequestError(
        'provisioning_credentials_required',
        'Only shared credentials may register a device.',
      );
    }
    if (peer.isRevoked) {
      const message = 'These provisioning credentials were revoked: make new ones and replace the archive.';
      throw new RequestError('provisioning_credentials_revoked', message);
    }
    if (peer.expiresAt <= ctx.clock.now()) {
      const message = 'These provisioning credentials have expired: make new ones and replace the archive.';
      throw new RequestError('provisioning_credentials_expired', message);
    }
    request.provisioning = peer;
  };
}

async function peerOf(ctx: Context, request: FastifyRequest, findPeer: FindPeer): Promise<PeerIdentity> {
  const socket = request.raw.socket as TLSSocket;
  const peers = currentPeers(ctx);
  let known = peers.get(socket);
  if (!known) {
    known = findPeer(ctx, fingerprintOf(socket));
    peers.set(socket, known);
    // A failed look-up must not stick to the connection.
    known.catch(() => peers.delete(socket));
  }
  const peer = await known;
  if (!peer)
    throw new RequestError('unknown_certificate', 'This certificate is not, or no longer, known here.');
  return peer;
}

function currentPeers(ctx: Context): Peers {
  const known = peersOf.get(ctx);
  if (known !== undefined) return known;
  const peers: Peers = new WeakMap();
  peersOf.set(ctx, peers);
  return peers;
}

function fingerprintOf(socket: TLSSocket): string {
  const certificate = socket.getPeerX509Certificate();
  return certificate ? certificate.fingerprint256.replaceAll(':', '').toLowerCase() : '';
}
