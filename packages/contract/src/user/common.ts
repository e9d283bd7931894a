// Pieces that the bodies of the user API share. Times are UTC seconds with `Z`, ids are UUIDs as text.
// Signed metadata must stay ASCII, so every name that reaches it is limited to ASCII here.
import { Type, type Static, type TSchema } from 'typebox';
import { DEFAULT_PAGE_SIZE, MAX_PAGE_SIZE } from '../pagination.ts';

export const Uuid = Type.String({
  pattern: '^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$',
});
export const Time = Type.String({ pattern: '^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z$' });
export const Name = Type.String({ minLength: 1, maxLength: 200, pattern: '\\S' });
export const Description = Type.String({ maxLength: 65_533 });
/** Name of a target: printable ASCII without space, may hold slashes. */
export const Filename = Type.String({ minLength: 1, maxLength: 254, pattern: '^[!-~]+$' });
export const HardwareId = Type.String({ minLength: 1, maxLength: 200, pattern: '^[ -~]+$' });
export const Sha256 = Type.String({ pattern: '^[0-9a-f]{64}$' });
export const Sha512 = Type.String({ pattern: '^[0-9a-f]{128}$' });
export const LengthBytes = Type.Integer({ minimum: 0 });
export const Seconds = Type.Integer({ minimum: 0, maximum: 2_147_483_647 });

export const PageQuerySchema = Type.Object({
  limit: Type.Optional(Type.Integer({ minimum: 1, maximum: MAX_PAGE_SIZE, default: DEFAULT_PAGE_SIZE })),
  cursor: Type.Optional(Type.String({ maxLength: 500 })),
});
export type PageQuery = Static<typeof PageQuerySchema>;

export const HealthSchema = Type.Object({ status: Type.Literal('ok'), version: Type.String() });
export type Health = Static<typeof HealthSchema>;

export const SessionSchema = Type.Object({
  environment: Type.String(),
  token: Type.Object({ id: Type.String(), name: Type.String() }),
});
export type Session = Static<typeof SessionSchema>;

/** The schema of a page of something. */
export function pageOf<T extends TSchema>(schema: T) {
  return Type.Object({ values: Type.Array(schema), nextCursor: Type.Optional(Type.String()) });
}
