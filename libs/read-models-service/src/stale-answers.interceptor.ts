import { type CallHandler, type ExecutionContext, Injectable, type NestInterceptor } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import type { Observable } from 'rxjs';
import { ReadModels } from '#libs/read-models';

/** `exchanges@4711`: projections that are answered from an older version's rows, and the position these stand at; joined by commas. */
export const STALE_HEADER = 'renkei-stale';

/** Marks every answer that is given while older rows answer: whoever reads it knows what it may be behind. */
@Injectable()
export class StaleAnswers implements NestInterceptor {
  constructor(private readonly models: ReadModels) {}

  intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> {
    const stale = this.models.stale();
    if (stale.length > 0) {
      const value = stale.map(({ projection, position }) => `${projection}@${position}`).join(',');
      void context.switchToHttp().getResponse<FastifyReply>().header(STALE_HEADER, value);
    }
    return next.handle();
  }
}
