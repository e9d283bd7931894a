// Shared credentials for provisioning: made once, handed out once as credentials.zip, named by this header, revoked with
// DELETE of the one.
import { Type, type Static } from 'typebox';
import { Time } from './common.ts';

export const CREDENTIALS_ID_HEADER = 'x-credentials-id';

export const CreateCredentialsSchema = Type.Object(
  {
    description: Type.Optional(Type.String({ maxLength: 200 })),
    validDays: Type.Optional(Type.Integer({ minimum: 1, maximum: 36_500 })),
  },
  { additionalProperties: false },
);
export type CreateCredentials = Static<typeof CreateCredentialsSchema>;

export const CredentialsSchema = Type.Object({
  id: Type.String(),
  description: Type.Optional(Type.String()),
  createdAt: Time,
  expiresAt: Time,
  /** Since then they open nothing. */
  revokedAt: Type.Optional(Time),
});
export type Credentials = Static<typeof CredentialsSchema>;
