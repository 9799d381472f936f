import { randomUUID } from 'node:crypto';
import { type ArgumentsHost, Catch, type ExceptionFilter, NotFoundException } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { correlated } from '../logging/correlation.js';
import type { Log } from '../logging/log.js';
import type { Metrics } from '../metrics/metrics.js';
import { answerTo, HttpRefused, PROBLEM_CONTENT_TYPE } from './problem.js';
import type { Routes } from './routes.js';

const UNMATCHED = 'unmatched';
/** The template of the route that a request met, never its path. */
export const routeOf = (request: FastifyRequest): string => request.routeOptions?.url ?? UNMATCHED;

/** Answers every error of an app as a problem (RFC 9457), and logs those that are this side's own. */
@Catch()
export class ProblemFilter implements ExceptionFilter {
  constructor(
    private readonly log: Log,
    private readonly metrics: Metrics,
    private readonly routes: Routes,
  ) {}

  catch(error: unknown, host: ArgumentsHost): void {
    const http = host.switchToHttp();
    this.answer(error, http.getRequest<FastifyRequest>(), http.getResponse<FastifyReply>());
  }

  answer(error: unknown, request: FastifyRequest, reply: FastifyReply): void {
    const correlationId = request.correlationId || randomUUID();
    const { status, headers, body, ours } = answerTo(this.sharpened(error, request), correlationId);
    this.metrics.refusals.inc({ code: body.code });
    const fields = { code: body.code, kind: body.kind, status, method: request.method, route: routeOf(request) };
    // a body that could not be parsed never reached the hook that sets the id
    correlated(correlationId, () =>
      ours ? this.log.error('a request could not be answered', { ...fields, error }) : this.log.debug('a request was refused', fields),
    );
    if (reply.sent) return;
    void reply.code(status).headers(headers).header('content-type', PROBLEM_CONTENT_TYPE).send(JSON.stringify(body));
  }

  /** A path that exists under other methods is 405, not 404. */
  private sharpened(error: unknown, request: FastifyRequest): unknown {
    if (!(error instanceof NotFoundException) || !request.is404) return error;
    const allowed = this.routes.methodsOf(request.raw.url ?? '');
    if (allowed.length === 0) return error;
    return new HttpRefused(
      405,
      'METHOD_NOT_ALLOWED',
      'invalid',
      'this address does not take this method',
      { field: 'method', rule: 'method' },
      { allow: allowed.join(', ') },
    );
  }
}
