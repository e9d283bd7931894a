// The gateway's route for a device's own certificate.
import {
  CERTIFICATE_CHAIN_TYPE,
  CERTIFICATE_REQUEST_TYPE,
  DEVICE_PATHS,
  MAX_CERTIFICATE_REQUEST_BYTES,
} from '@ota-connect/contract/device';
import type { Context } from '../../platform/context.ts';
import type { App } from '../../platform/http/app.ts';
import { RequestError } from '../../platform/http/problem.ts';
import { renewCertificate } from './renew-certificate.ts';

export function renewalRoutes(app: App, ctx: Context): void {
  const options = { parseAs: 'buffer', bodyLimit: MAX_CERTIFICATE_REQUEST_BYTES } as const;
  app.addContentTypeParser(CERTIFICATE_REQUEST_TYPE, options, (_request, body, done) => done(null, body));
  app.post(DEVICE_PATHS.ownCertificate, async (request, reply) => {
    if (!(request.body instanceof Uint8Array))
      throw new RequestError('unsupported_media_type', `The body has to be ${CERTIFICATE_REQUEST_TYPE}.`);
    const certificate = await renewCertificate(ctx, request.device, request.body);
    return reply.type(CERTIFICATE_CHAIN_TYPE).header('cache-control', 'no-store').send(certificate);
  });
}
