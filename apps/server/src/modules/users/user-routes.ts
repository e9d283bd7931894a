// Who am I: lets a command line check its token.
import { SessionSchema } from '@ota-connect/contract/user';
import type { App } from '../../platform/http/app.ts';

export function userRoutes(app: App): void {
  app.get('/session', { schema: { response: { 200: SessionSchema } } }, (request) => request.user);
}
