// Groups of devices: `fixed` ones list their devices, `expression` ones describe them by device id.
// Source: server-protocol 8.3, 8.4
import { Type, type Static } from 'typebox';
import { Name, Uuid } from './common.ts';

const GROUP_KINDS = ['fixed', 'expression'] as const;
export type GroupKind = (typeof GROUP_KINDS)[number];

const Expression = Type.String({ minLength: 1, maxLength: 200 });

export const CreateGroupSchema = Type.Object(
  {
    name: Type.String({ minLength: 2, maxLength: 100, pattern: '\\S' }),
    kind: Type.Enum(GROUP_KINDS),
    expression: Type.Optional(Expression),
    /** Device ids (not uuids), for fixed groups. */
    deviceIds: Type.Optional(Type.Array(Type.String({ minLength: 1 }), { maxItems: 100_000 })),
  },
  { additionalProperties: false },
);
export type CreateGroup = Static<typeof CreateGroupSchema>;

export const GroupSchema = Type.Object({
  id: Uuid,
  name: Name,
  kind: Type.Enum(GROUP_KINDS),
  expression: Type.Optional(Expression),
  deviceCount: Type.Integer({ minimum: 0 }),
});
export type Group = Static<typeof GroupSchema>;
