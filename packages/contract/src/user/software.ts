// Software: an uploaded file that the Image repository offers as a target. The file name identifies it for good.
import { Type, type Static } from 'typebox';
import { Filename, HardwareId, LengthBytes, Sha256, Sha512, Time } from './common.ts';

/** Signed metadata carries these, hence printable ASCII. */
const Label = Type.String({ minLength: 1, maxLength: 200, pattern: '^[ -~]+$' });

/** `PUT /software/{filename}?…`; `hardwareIds` is a list with commas. */
export const UploadSoftwareQuerySchema = Type.Object({
  name: Type.Optional(Label),
  version: Type.Optional(Label),
  hardwareIds: Type.String({ minLength: 1, maxLength: 2000, pattern: '^[ -~]+$' }),
});
export type UploadSoftwareQuery = Static<typeof UploadSoftwareQuerySchema>;

export const SoftwareSchema = Type.Object({
  filename: Filename,
  name: Type.String(),
  version: Type.String(),
  hardwareIds: Type.Array(HardwareId),
  lengthBytes: LengthBytes,
  sha256: Sha256,
  sha512: Sha512,
  createdAt: Time,
});
export type Software = Static<typeof SoftwareSchema>;
