import { ApiProperty } from '@nestjs/swagger';
import { DomainError, type ErrorKind } from '#libs/kernel';
import { isDomainError, isErrorKind } from '../logging/domain-error-shape.js';
import { type FieldProblem, InvalidInput } from '../validation/field-problem.js';

export const PROBLEM_CONTENT_TYPE = 'application/problem+json';

/** The only table from a kind of refusal to HTTP. */
const STATUS_OF: Readonly<Record<ErrorKind, number>> = {
  invalid: 400,
  unauthenticated: 401,
  forbidden: 403,
  'not-found': 404,
  conflict: 409,
  'too-large': 413,
  unprocessable: 422,
  busy: 503,
  unavailable: 503,
  internal: 500,
};
const TITLE_OF: Readonly<Record<ErrorKind, string>> = {
  invalid: 'The input is not as asked for',
  unauthenticated: 'The caller is not known',
  forbidden: 'The caller is not entitled to this',
  'not-found': 'There is no such thing',
  conflict: 'The state is not what the caller assumed',
  'too-large': 'The input is too large',
  unprocessable: 'A rule refuses this',
  busy: 'Too much at once',
  unavailable: 'Something that is needed is down',
  internal: 'Something went wrong on this side',
};
/** Seconds after which a caller may try again. */
const RETRY_AFTER_S: Readonly<Partial<Record<ErrorKind, number>>> = { busy: 1, unavailable: 2 };

class FieldProblemResponse implements FieldProblem {
  @ApiProperty({ type: String, example: 'lines[2].provider' }) readonly field!: string;
  @ApiProperty({ type: String, example: 'agency-code' }) readonly rule!: string;
  @ApiProperty({ type: String, example: 'must be an agency code: 16 digits' }) readonly message!: string;
  @ApiProperty({ type: 'integer', required: false, description: 'Line of a batch, from 1' }) readonly line?: number;
}

/** The body of every error (RFC 9457). */
export class ProblemResponse {
  @ApiProperty({ type: String, example: 'urn:renkei:problem:INVALID_INPUT' }) readonly type!: string;
  @ApiProperty({ type: String }) readonly title!: string;
  @ApiProperty({ type: 'integer', minimum: 400, maximum: 599 }) readonly status!: number;
  @ApiProperty({ type: String, description: 'Stable, SCREAMING_SNAKE: what programs decide on' }) readonly code!: string;
  @ApiProperty({ type: String, enum: Object.keys(STATUS_OF) }) readonly kind!: ErrorKind;
  @ApiProperty({ type: String, description: 'A sentence for people; repeats no value of the request' }) readonly detail!: string;
  @ApiProperty({ type: String, required: false }) readonly field?: string;
  @ApiProperty({ type: String, required: false }) readonly rule?: string;
  @ApiProperty({ type: 'integer', required: false }) readonly line?: number;
  @ApiProperty({ type: () => FieldProblemResponse, isArray: true, required: false }) readonly errors?: readonly FieldProblem[];
  @ApiProperty({ type: String, format: 'uuid' }) readonly correlationId!: string;
}

/**
 * Refusals that belong to HTTP itself and have no kind of their own: the status stands beside the error. Everything else
 * goes through STATUS_OF.
 */
export class HttpRefused extends DomainError {
  override readonly name = 'HttpRefused';
  constructor(
    readonly status: number,
    code: string,
    kind: ErrorKind,
    message: string,
    at: { readonly field?: string; readonly rule?: string } = {},
    readonly headers: Readonly<Record<string, string>> = {},
  ) {
    super(code, kind, message, at);
  }
}

const BY_STATUS: Readonly<Record<number, readonly [code: string, kind: ErrorKind, message: string, rule?: string]>> = {
  400: ['MALFORMED_REQUEST', 'invalid', 'the request is not well formed'],
  404: ['ROUTE_NOT_FOUND', 'not-found', 'there is no such address here'],
  408: ['REQUEST_TIMEOUT', 'invalid', 'the request did not arrive in time'],
  413: ['BODY_TOO_LARGE', 'too-large', 'the body is larger than is allowed', 'body-bytes-max'],
  414: ['PATH_TOO_LONG', 'invalid', 'a part of the path is longer than is allowed', 'path-part-max'],
  415: ['UNSUPPORTED_MEDIA_TYPE', 'invalid', 'a body must be application/json in UTF-8, not encoded otherwise', 'content-type'],
  417: ['EXPECTATION_FAILED', 'invalid', 'only the expectation 100-continue is met'],
  431: ['HEADERS_TOO_LARGE', 'invalid', 'the header is larger than is allowed', 'header-bytes-max'],
};

/** The refusal that a status of Fastify, Nest or Node stands for; their own messages are not passed on. */
export function refusalOfStatus(status: number): HttpRefused {
  const [code, kind, message, rule] =
    BY_STATUS[status] ?? (status < 500 ? [`HTTP_${status}`, 'invalid', 'the request was refused'] : ['INTERNAL_ERROR', 'internal', '']);
  return new HttpRefused(
    status,
    code,
    kind,
    message,
    rule === undefined ? {} : { field: rule === 'path-part-max' ? 'path' : rule.startsWith('body') ? 'body' : 'header', rule },
  );
}

/** What an error says to the outside: an error of no known form, or of kind internal, says nothing of itself. */
export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: ProblemResponse;
  /** True where the cause is on this side, and belongs into the log. */
  readonly ours: boolean;
}

const statusCodeOf = (error: unknown): number | undefined => {
  const { statusCode, getStatus } = (error ?? {}) as { statusCode?: unknown; getStatus?: () => unknown };
  const status = typeof getStatus === 'function' ? getStatus.call(error) : statusCode;
  return typeof status === 'number' && Number.isInteger(status) && status >= 400 && status < 600 ? status : undefined;
};

function refusalOf(error: unknown): DomainError {
  if (isDomainError(error)) return error;
  const status = statusCodeOf(error);
  return status === undefined ? refusalOfStatus(500) : refusalOfStatus(status);
}

export function answerTo(error: unknown, correlationId: string): Answer {
  const refusal = refusalOf(error);
  const { kind } = refusal;
  const secret = kind === 'internal';
  const code = secret ? 'INTERNAL_ERROR' : refusal.code;
  const status = refusal instanceof HttpRefused ? refusal.status : STATUS_OF[kind];
  const retryAfterS = RETRY_AFTER_S[kind];
  const { field, rule, line } = secret ? {} : (refusal.at ?? {});
  const problems = refusal instanceof InvalidInput ? refusal.problems : undefined;
  return {
    status,
    headers: {
      ...(kind === 'unauthenticated' ? { 'www-authenticate': `Bearer error="invalid_token"` } : {}),
      ...(retryAfterS === undefined ? {} : { 'retry-after': String(retryAfterS) }),
      ...(refusal instanceof HttpRefused ? refusal.headers : {}),
    },
    body: {
      type: `urn:renkei:problem:${code}`,
      title: TITLE_OF[kind],
      status,
      code,
      kind,
      detail: secret ? 'the request could not be answered; the log has the reason under the correlation id' : refusal.message,
      ...(field === undefined ? {} : { field }),
      ...(rule === undefined ? {} : { rule }),
      ...(line === undefined ? {} : { line }),
      ...(problems === undefined ? {} : { errors: problems }),
      correlationId,
    },
    ours: status >= 500 && kind !== 'busy',
  };
}

const KIND_OF_STATUS: Readonly<Record<number, ErrorKind>> = {
  400: 'invalid',
  401: 'unauthenticated',
  403: 'forbidden',
  404: 'not-found',
  409: 'conflict',
  413: 'too-large',
  422: 'unprocessable',
  502: 'unavailable',
  503: 'unavailable',
  504: 'unavailable',
};

/** The DomainError that a problem from another server stands for; undefined where the body is no problem of ours. */
export function errorOfProblem(status: number, body: unknown): DomainError | undefined {
  if (typeof body !== 'object' || body === null) return undefined;
  const { code, kind, detail, field, rule, line } = body as Partial<Record<keyof ProblemResponse, unknown>>;
  if (typeof code !== 'string' || !/^[A-Z][A-Z0-9_]{0,63}$/.test(code)) return undefined;
  return new DomainError(
    code,
    isErrorKind(kind) ? kind : (KIND_OF_STATUS[status] ?? (status < 500 ? 'invalid' : 'internal')),
    typeof detail === 'string' ? detail.slice(0, 500) : code,
    {
      ...(typeof field === 'string' ? { field } : {}),
      ...(typeof rule === 'string' ? { rule } : {}),
      ...(typeof line === 'number' ? { line } : {}),
    },
  );
}
