// An update says, per hardware id, which software shall be installed, and optionally from which one.
import { Type, type Static } from 'typebox';
import { Description, Filename, HardwareId, Name, Time, Uuid } from './common.ts';

const TargetSchema = Type.Object(
  {
    hardwareId: HardwareId,
    from: Type.Optional(Type.Object({ filename: Filename })),
    to: Type.Object({ filename: Filename }),
  },
  { additionalProperties: false },
);
export type UpdateTarget = Static<typeof TargetSchema>;

export const CreateUpdateSchema = Type.Object(
  {
    name: Name,
    description: Type.Optional(Description),
    targets: Type.Array(TargetSchema, { minItems: 1, maxItems: 1000 }),
  },
  { additionalProperties: false },
);
export type CreateUpdate = Static<typeof CreateUpdateSchema>;

export const UpdateSchema = Type.Object({
  id: Uuid,
  name: Name,
  description: Type.Optional(Description),
  targets: Type.Array(TargetSchema),
  createdAt: Time,
});
export type Update = Static<typeof UpdateSchema>;
