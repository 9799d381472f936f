import { type CallHandler, type ExecutionContext, Injectable, type NestInterceptor } from '@nestjs/common';
import { from, lastValueFrom, type Observable } from 'rxjs';
import { ServerParts } from '../server-parts.js';

/** Holds an agency's answer back until the log holds what it may tell of. */
@Injectable()
export class AfterTheLog implements NestInterceptor {
  constructor(private readonly parts: ServerParts) {}

  intercept(_context: ExecutionContext, next: CallHandler): Observable<unknown> {
    return from(this.parts.serverLog.after(lastValueFrom(next.handle())));
  }
}
