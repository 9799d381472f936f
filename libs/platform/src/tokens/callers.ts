import { type CanActivate, createParamDecorator, type ExecutionContext, Injectable, SetMetadata } from '@nestjs/common';
import { ApiBearerAuth } from '@nestjs/swagger';
import { applyDecorators } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import type { FastifyRequest } from 'fastify';
import { TokenRefused } from './token-errors.js';
import type { Caller, CallerKind, TokenVerifier } from './token-verifier.js';

export const CALLERS_METADATA = 'renkei:callers';
/** Who may call a route: kinds of caller, or 'anyone'. */
export type CallersAllowed = readonly CallerKind[] | 'anyone';

declare module 'fastify' {
  interface FastifyRequest {
    /** Raw bytes of the body as they came; undefined where there was none. */
    rawBody?: Uint8Array;
    /** Set once the token has been verified. */
    caller?: Caller;
  }
}

/** Declares which kinds of caller may call a route or a controller; their token is verified first. */
export const Callers = (...kinds: readonly [CallerKind, ...CallerKind[]]): MethodDecorator & ClassDecorator =>
  applyDecorators(SetMetadata(CALLERS_METADATA, kinds), ApiBearerAuth());

/** A route that needs no token. Every route says Callers or OpenToAnyone; an app with a route that says neither does not start. */
export const OpenToAnyone = (): MethodDecorator & ClassDecorator => SetMetadata(CALLERS_METADATA, 'anyone' satisfies CallersAllowed);

/** The verified caller, as a parameter of a handler. */
export const TheCaller = createParamDecorator((_data: unknown, context: ExecutionContext): Caller => {
  const { caller } = context.switchToHttp().getRequest<FastifyRequest>();
  if (!caller) throw new Error('TheCaller stands on a route that is open to anyone');
  return caller;
});

export const EMPTY_BODY = new Uint8Array(0);

/** Verifies the token of every route that does not say OpenToAnyone. */
@Injectable()
export class CallersGuard implements CanActivate {
  constructor(
    private readonly reflector: Reflector,
    private readonly verifier: TokenVerifier | undefined,
  ) {}

  async canActivate(context: ExecutionContext): Promise<boolean> {
    const allowed = this.reflector.getAllAndOverride<CallersAllowed | undefined>(CALLERS_METADATA, [context.getHandler(), context.getClass()]);
    if (allowed === 'anyone') return true;
    if (!allowed || !this.verifier) throw new TokenRefused('CALLER_FORBIDDEN');
    const request = context.switchToHttp().getRequest<FastifyRequest>();
    const caller = await this.verifier.verify(request.headers.authorization, {
      method: request.method,
      path: request.raw.url ?? '',
      body: request.rawBody ?? EMPTY_BODY,
    });
    if (!allowed.includes(caller.kind)) throw new TokenRefused('CALLER_FORBIDDEN');
    request.caller = caller;
    return true;
  }
}
