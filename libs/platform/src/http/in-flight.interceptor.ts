import { type CallHandler, type ExecutionContext, Injectable, type NestInterceptor } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import { finalize, type Observable } from 'rxjs';
import type { InFlight } from './in-flight.js';

/** Keeps a request counted as in flight while its handler runs, also when the caller has hung up. */
@Injectable()
export class InFlightInterceptor implements NestInterceptor {
  constructor(private readonly inFlight: InFlight) {}

  intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> {
    return next.handle().pipe(finalize(this.inFlight.handling(context.switchToHttp().getRequest<FastifyRequest>().raw)));
  }
}
