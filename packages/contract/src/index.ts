// What else crosses a wire: what both sides of the device gateway and of the user API agree on.
export type { Json, JsonFields } from './json.ts';
export { RESULT_CODES, type ResultCode, isResultCode, resultNumber } from './result-codes.ts';
export { PROBLEMS, type ProblemCode, type ProblemDocument, isProblemCode, readProblem } from './problem.ts';
export { MalformedBodyError } from './decode.ts';
export { DEFAULT_PAGE_SIZE, MAX_PAGE_SIZE, type Page } from './pagination.ts';
export { USER_API } from './user/paths.ts';
