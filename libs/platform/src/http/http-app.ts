import 'reflect-metadata';
import { randomUUID } from 'node:crypto';
import { STATUS_CODES } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { type DynamicModule, Module, type Type } from '@nestjs/common';
import { NestFactory, Reflector } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { acceptedCorrelationId, correlated, CORRELATION_HEADER } from '../logging/correlation.js';
import type { Log } from '../logging/log.js';
import { NestLog } from '../logging/nest-log.js';
import { Metrics } from '../metrics/metrics.js';
import { CallersGuard } from '../tokens/callers.js';
import type { TokenVerifier } from '../tokens/token-verifier.js';
import { CompiledValidationPipe } from '../validation/validation.pipe.js';
import { auditRoutes } from './audit.js';
import { serveDocumentation } from './documentation.js';
import { Health, type ReadinessCheck } from './health.js';
import { InFlight } from './in-flight.js';
import { InFlightInterceptor } from './in-flight.interceptor.js';
import { acceptJsonOnly } from './json-body.js';
import { answerTo, PROBLEM_CONTENT_TYPE, refusalOfStatus } from './problem.js';
import { ProblemFilter, routeOf } from './problem.filter.js';
import { Routes } from './routes.js';

declare module 'fastify' {
  interface FastifyRequest {
    correlationId: string;
  }
  interface FastifyContextConfig {
    /** Health and metrics: answered also when the app is full or stopping. */
    operational?: boolean;
  }
}

export interface HttpLimits {
  readonly bodyBytesMax: number;
  readonly requestsInFlightMax: number;
  /** Until the whole request has arrived. */
  readonly requestTimeoutMs: number;
  readonly headersTimeoutMs: number;
  readonly keepAliveTimeoutMs: number;
  /** A connection on which no byte moves that long is closed, also one whose handler runs or whose caller does not read. */
  readonly silenceTimeoutMs: number;
  /** How long a stop waits for what is in flight. */
  readonly drainTimeoutMs: number;
  readonly headerBytesMax: number;
  readonly pathPartCharactersMax: number;
}
export const HTTP_LIMITS: HttpLimits = {
  bodyBytesMax: 1_048_576,
  requestsInFlightMax: 256,
  requestTimeoutMs: 30_000,
  headersTimeoutMs: 10_000,
  keepAliveTimeoutMs: 20_000,
  silenceTimeoutMs: 90_000,
  drainTimeoutMs: 15_000,
  headerBytesMax: 16_384,
  pathPartCharactersMax: 256,
};

export interface HttpAppOptions {
  readonly title: string;
  readonly description: string;
  readonly version: string;
  readonly host: string;
  /** 0 takes a free one. */
  readonly port: number;
  readonly log: Log;
  readonly limits?: Partial<HttpLimits>;
  /** Verifies callers; needed as soon as one route says Callers. */
  readonly tokens?: TokenVerifier;
  readonly readiness?: Readonly<Record<string, ReadinessCheck>>;
  /** Called at once when a stop begins: ends what only waits for something to happen, so that the last request can end. */
  readonly stopping?: () => void;
  /** Run in order after the last request has ended: flush, close stores. */
  readonly drain?: readonly (() => Promise<void>)[];
  /** PEM; `ca` makes the server ask for a client certificate of that authority and refuse any other. */
  readonly tls?: { readonly key: string; readonly cert: string; readonly ca?: string };
}

export interface HttpApp {
  /** `http://127.0.0.1:7101` */
  readonly address: string;
  readonly nest: NestFastifyApplication;
  readonly health: Health;
  readonly metrics: Metrics;
  /**
   * Readiness down, no new connections, what is in flight finished (within drainTimeoutMs), drain hooks, Nest's own. May be
   * called more than once. Rejects with the first failure of a drain hook, after all of them have run.
   */
  close(): Promise<void>;
}

/** Gives the app's modules Health, Metrics and InFlight by injection. */
@Module({})
class PlatformModule {
  static around(module: Type | DynamicModule, health: Health, metrics: Metrics, inFlight: InFlight): DynamicModule {
    return {
      module: PlatformModule,
      global: true,
      imports: [module],
      providers: [
        { provide: Health, useValue: health },
        { provide: Metrics, useValue: metrics },
        { provide: InFlight, useValue: inFlight },
      ],
      exports: [Health, Metrics, InFlight],
    };
  }
}

/** Node found the request malformed before any route: the answer is written to the socket by hand. */
function onClientError(error: Error & { code?: string }, socket: Socket): void {
  if (error.code === 'ECONNRESET' || socket.destroyed) return;
  const status = error.code === 'ERR_HTTP_REQUEST_TIMEOUT' ? 408 : error.code === 'HPE_HEADER_OVERFLOW' ? 431 : 400;
  const body = JSON.stringify(answerTo(refusalOfStatus(status), randomUUID()).body);
  if (socket.writable) {
    socket.write(
      `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}\r\ncontent-type: ${PROBLEM_CONTENT_TYPE}\r\ncontent-length: ${Buffer.byteLength(body)}\r\nconnection: close\r\n\r\n${body}`,
    );
  }
  socket.destroy(error);
}

function adapterOf(
  limits: HttpLimits,
  tls: HttpAppOptions['tls'],
  onFrameworkError: (error: Error, request: FastifyRequest, reply: FastifyReply) => void,
): FastifyAdapter {
  const options = {
    bodyLimit: limits.bodyBytesMax,
    requestTimeout: limits.requestTimeoutMs,
    connectionTimeout: limits.silenceTimeoutMs,
    keepAliveTimeout: limits.keepAliveTimeoutMs,
    routerOptions: { maxParamLength: limits.pathPartCharactersMax },
    http: { maxHeaderSize: limits.headerBytesMax, headersTimeout: limits.headersTimeoutMs, connectionsCheckingInterval: 1_000 },
    // our own hook answers while stopping, as a problem
    return503OnClosing: false,
    trustProxy: false,
    multipart: false as const,
    skipMiddie: true,
    clientErrorHandler: onClientError,
    frameworkErrors: onFrameworkError,
  };
  if (!tls) return new FastifyAdapter(options);
  const { ca, ...own } = tls;
  return new FastifyAdapter({
    ...options,
    https: { ...options.http, ...own, ...(ca === undefined ? {} : { ca, requestCert: true, rejectUnauthorized: true }) },
  });
}

function addHooks(instance: FastifyInstance, inFlight: InFlight, metrics: Metrics): void {
  instance.decorateRequest('correlationId', '');
  instance.addHook('onRequest', (request, reply, done) => {
    request.correlationId = acceptedCorrelationId(request.headers[CORRELATION_HEADER]) ?? randomUUID();
    reply.header(CORRELATION_HEADER, request.correlationId).header('x-content-type-options', 'nosniff');
    if (request.routeOptions.config.operational === true) return done();
    try {
      inFlight.enter(request.raw, reply.raw);
      done();
    } catch (error) {
      done(error as Error);
    }
  });
  // the body's parser leaves the async context of the first hook: the id is set just before the handler
  instance.addHook('preHandler', (request, _reply, done) => correlated(request.correlationId, done));
  instance.addHook('onSend', (_request, reply, _payload, done) => {
    if (inFlight.stopping) reply.header('connection', 'close');
    done();
  });
  instance.addHook('onResponse', (request, reply, done) => {
    metrics.requestSeconds.observe({ method: request.method, route: routeOf(request), status: reply.statusCode }, reply.elapsedTime / 1_000);
    done();
  });
}

function addOperationalRoutes(instance: FastifyInstance, health: Health, metrics: Metrics): void {
  const options = { config: { operational: true } };
  instance.get('/health/live', options, () => ({ status: 'up' }));
  instance.get('/health/ready', options, async (_request, reply) => {
    const { ready, checks } = await health.ready();
    const { warnings } = health;
    return reply.code(ready ? 200 : 503).send({ status: ready ? 'up' : 'down', checks, ...(warnings.length === 0 ? {} : { warnings }) });
  });
  instance.get('/metrics', options, async (_request, reply) => reply.type(metrics.registry.contentType).send(await metrics.registry.metrics()));
}

/**
 * Starts a Nest module on Fastify with everything that Renkei's apps have in common (README). Rejects, with nothing left
 * listening, where a route does not say who may call it, a class does not compile, or the port is taken.
 */
export async function createHttpApp(module: Type | DynamicModule, options: HttpAppOptions): Promise<HttpApp> {
  const limits: HttpLimits = { ...HTTP_LIMITS, ...options.limits };
  const { log } = options;
  const health = new Health();
  for (const [name, check] of Object.entries(options.readiness ?? {})) health.register(name, check);
  const inFlight = new InFlight(limits.requestsInFlightMax);
  const metrics = new Metrics(options.title, () => inFlight.count);
  const routes = new Routes();
  const filter = new ProblemFilter(log, metrics, routes);

  const adapter = adapterOf(limits, options.tls, (error, request, reply) => filter.answer(error, request, reply));
  const instance = adapter.getInstance() as unknown as FastifyInstance;
  routes.follow(instance);
  acceptJsonOnly(instance);
  addHooks(instance, inFlight, metrics);
  addOperationalRoutes(instance, health, metrics);

  const nest = await NestFactory.create<NestFastifyApplication>(PlatformModule.around(module, health, metrics, inFlight), adapter, {
    bodyParser: false,
    abortOnError: false,
    logger: new NestLog(log),
  });
  try {
    nest.useGlobalFilters(filter);
    nest.useGlobalPipes(new CompiledValidationPipe());
    nest.useGlobalGuards(new CallersGuard(nest.get(Reflector), options.tokens));
    nest.useGlobalInterceptors(new InFlightInterceptor(inFlight));
    auditRoutes(nest, options.tokens !== undefined);
    serveDocumentation(nest, options);
    await nest.listen({ port: options.port, host: options.host });
  } catch (error) {
    await nest.close();
    throw error;
  }
  const { port } = nest.getHttpServer().address() as AddressInfo;
  const address = `${options.tls ? 'https' : 'http'}://${options.host.includes(':') ? `[${options.host}]` : options.host}:${port}`;
  log.info('listening', { address });
  let closing: Promise<void> | undefined;
  const close = (): Promise<void> => (closing ??= stop({ nest, instance, inFlight, health, limits, options }));
  return { address, nest, health, metrics, close };
}

async function stop(parts: {
  readonly nest: NestFastifyApplication;
  readonly instance: FastifyInstance;
  readonly inFlight: InFlight;
  readonly health: Health;
  readonly limits: HttpLimits;
  readonly options: HttpAppOptions;
}): Promise<void> {
  const { nest, instance, inFlight, health, limits, options } = parts;
  const { log, drain = [] } = options;
  log.info('stopping', { count: inFlight.count });
  health.stop();
  inFlight.stop();
  options.stopping?.();
  // no new connections, idle ones closed; Nest closes the rest of Fastify below
  instance.server.close();
  instance.server.closeIdleConnections();
  if (!(await inFlight.empty(limits.drainTimeoutMs))) log.warn('requests were still in flight when the time to drain had passed', { count: inFlight.count });
  const failures: unknown[] = [];
  for (const hook of drain) {
    try {
      await hook();
    } catch (error) {
      log.error('a part did not stop cleanly', { error });
      failures.push(error);
    }
  }
  instance.server.closeAllConnections();
  await nest.close();
  log.info('stopped');
  if (failures.length > 0) throw failures[0];
}
