// Bearer tokens of the user API. The token is looked up by its hash, so the database holds nothing that signs in.
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Context } from '../context.ts';
import { RequestError } from './problem.ts';

export type User = {
  readonly environment: string;
  readonly token: { readonly id: string; readonly name: string };
};

/** Given by the module that knows tokens. */
export type FindUser = (ctx: Context, token: string) => Promise<User | undefined>;

declare module 'fastify' {
  interface FastifyRequest {
    /** Set on every route of the user API. */
    user: User;
  }
}

export function authenticateUser(ctx: Context, findUser: FindUser) {
  return async (request: FastifyRequest, reply: FastifyReply): Promise<void> => {
    const token = /^Bearer ([\w~+/.=-]{1,200})$/i.exec(request.headers.authorization ?? '')?.[1];
    const user = token === undefined ? undefined : await findUser(ctx, token);
    if (!user) {
      // A stranger's body is not read, and a stranger's connection not kept.
      void reply.header('www-authenticate', 'Bearer').header('connection', 'close');
      throw new RequestError(
        'not_signed_in',
        token === undefined
          ? 'A token is needed: send it as "Authorization: Bearer TOKEN".'
          : 'This token is not known here.',
      );
    }
    request.user = user;
  };
}
