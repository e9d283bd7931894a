// Errors of every HTTP answer: an RFC 9457 problem document that also carries the fields of the original's error body
// (`code`, `description`, `errorId`), since deployed clients read those. One code has one status and one title.
// Source: server-protocol 1.2
import { own } from './decode.ts';
import type { Json } from './json.ts';

export const PROBLEMS = {
  invalid_request: { status: 400, title: 'The request is not valid' },
  invalid_entity: { status: 400, title: 'The request is not valid' },
  invalid_group_expression: { status: 400, title: 'The group expression is not valid' },
  invalid_group_expression_for_group_type: {
    status: 400,
    title: 'Only expression groups carry an expression',
  },
  cannot_add_device_to_dynamic_group: {
    status: 400,
    title: 'An expression group chooses its devices itself',
  },
  cannot_remove_device_from_dynamic_group: {
    status: 400,
    title: 'An expression group chooses its devices itself',
  },
  campaign_without_devices: { status: 400, title: 'The campaign has no devices' },
  length_required: { status: 411, title: 'The upload needs its length in advance' },
  upload_incomplete: { status: 400, title: 'The upload ended early' },
  manifest_refused: { status: 400, title: 'The manifest was refused' },
  not_signed_in: { status: 401, title: 'Not signed in' },
  forbidden: { status: 403, title: 'Not allowed' },
  not_found: { status: 404, title: 'There is no such page' },
  missing_entity: { status: 404, title: 'There is no such thing' },
  method_not_allowed: { status: 405, title: 'This method is not allowed here' },
  conflict: { status: 409, title: 'The request conflicts with what is there' },
  conflicting_entity: { status: 409, title: 'Something with this name exists already' },
  conflicting_device: { status: 409, title: 'The device exists already' },
  conflicting_device_group_name: { status: 409, title: 'A group with this name exists already' },
  device_already_registered: { status: 409, title: 'The device is registered already' },
  ecu_already_registered: { status: 409, title: 'The ECU is registered already' },
  campaign_already_exists: { status: 409, title: 'A campaign with this name exists already' },
  campaign_already_launched: { status: 409, title: 'The campaign was launched already' },
  campaign_already_finished: { status: 409, title: 'The campaign is over' },
  update_already_exists: { status: 409, title: 'An update with this name exists already' },
  missing_update: { status: 404, title: 'There is no such update' },
  missing_update_source: { status: 412, title: 'The update does not exist' },
  replace_ecu_assignment_exists: { status: 412, title: 'An update is under way on this device' },
  payload_too_large: { status: 413, title: 'The request is too large' },
  unsupported_media_type: { status: 415, title: 'This content type is not understood' },
  range_not_satisfiable: { status: 416, title: 'The file ends before this range' },
  rate_limited: { status: 429, title: 'Too many requests' },
  internal_server_error: { status: 500, title: 'The server failed' },
  storage_unavailable: { status: 503, title: 'The server cannot store anything right now' },
} as const;

export type ProblemCode = keyof typeof PROBLEMS;

/** Content type `application/problem+json`. `detail` and `description` are the same sentence. */
export type ProblemDocument = {
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly detail: string;
  readonly code: string;
  readonly description: string;
  readonly errorId: string;
  readonly cause?: Json;
};

export function isProblemCode(text: string): text is ProblemCode {
  return Object.hasOwn(PROBLEMS, text);
}

/** What a client can use of an error body, whoever wrote it; undefined when it is no error body at all. */
export function readProblem(body: unknown): { code: string; detail: string } | undefined {
  if (typeof body !== 'object' || body === null || Array.isArray(body)) return undefined;
  const fields = { ...body } as { readonly [key: string]: Json };
  const code = own(fields, 'code');
  if (typeof code !== 'string' || code === '') return undefined;
  const detail = own(fields, 'detail') ?? own(fields, 'description') ?? own(fields, 'title');
  return { code, detail: typeof detail === 'string' ? detail : code };
}
