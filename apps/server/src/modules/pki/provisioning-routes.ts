// The one gateway route that shared credentials open.
import { decodeDeviceRegistration } from '@ota-connect/contract/device';
import type { Context } from '../../platform/context.ts';
import type { App } from '../../platform/http/app.ts';
import { provisionDevice } from './provision-device.ts';

export function provisioningRoutes(app: App, ctx: Context): void {
  app.post('/devices', async (request, reply) => {
    const registration = decodeDeviceRegistration(request.body);
    const archive = await provisionDevice(ctx, request.provisioning.environment, registration);
    return reply.type('application/x-pkcs12').header('cache-control', 'no-store').send(archive);
  });
}
