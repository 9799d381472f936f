import { Readable } from 'node:stream';
import { Controller, Get, Headers, Query, Req, Res } from '@nestjs/common';
import { ApiHeader, ApiOkResponse, ApiOperation, ApiProduces, ApiTags, getSchemaPath, ApiExtraModels } from '@nestjs/swagger';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { type Caller, Callers, InFlight, TheCaller } from '#libs/platform';
import { AgencyFeed } from '../feed/agency-feed.js';
import { FeedQuery } from './holding.requests.js';
import { FeedPageResponse } from './responses.js';

const BATCH = 'application/cloudevents-batch+json';
const STREAM = 'text/event-stream';
const accepts = (header: string | undefined, type: string): boolean => header?.toLowerCase().includes(type) === true;

/** The feed of the agency that the token proves, for systems without Kafka. */
@Controller('feed')
@Callers('agency')
@ApiTags('feed')
export class FeedController {
  constructor(
    private readonly feed: AgencyFeed,
    private readonly inFlight: InFlight,
  ) {}

  @Get()
  @ApiOperation({
    summary: 'What the agency’s systems are told, in the order of the record: structured CloudEvents',
    description:
      'With `wait` the answer waits for the next event. By `Accept`: a page with its cursor (JSON); a CloudEvents batch, the cursor in the header `link`; or a stream of server-sent events, resumed by `Last-Event-ID`. An event may come again, with the same id. Kept for 30 days: a cursor before that is CURSOR_EXPIRED.',
  })
  @ApiHeader({ name: 'Last-Event-ID', required: false, description: 'Of a stream: the cursor of the last event read, in place of `after`' })
  @ApiProduces('application/json', BATCH, STREAM)
  @ApiExtraModels(FeedPageResponse)
  @ApiOkResponse({
    headers: { link: { description: 'Of a batch: the next page, `rel="next"`', schema: { type: 'string' } } },
    content: {
      'application/json': { schema: { $ref: getSchemaPath(FeedPageResponse) } },
      [BATCH]: { schema: { type: 'array', items: { type: 'object' } } },
      [STREAM]: { schema: { type: 'string' } },
    },
  })
  async read(
    @TheCaller() { issuer }: Caller,
    @Query() asked: FeedQuery,
    @Headers() headers: Readonly<Record<string, string | undefined>>,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    const gone = new AbortController();
    reply.raw.once('close', () => gone.abort());
    const resting = (): (() => void) => this.inFlight.resting(request.raw);
    void reply.header('cache-control', 'no-store').header('vary', 'accept');
    if (accepts(headers['accept'], STREAM)) {
      const lines = await this.feed.stream(issuer, headers['last-event-id'] ?? asked.after, gone.signal);
      reply.raw.once('close', resting());
      return void reply
        .type(`${STREAM}; charset=utf-8`)
        .header('x-accel-buffering', 'no')
        .send(Readable.from(lines, { objectMode: false }));
    }
    const page = await this.feed.page(issuer, asked, { gone: gone.signal, resting });
    if (!accepts(headers['accept'], BATCH)) return void reply.send(page);
    const next = new URLSearchParams({ after: page.next, ...(asked.limit === undefined ? {} : { limit: String(asked.limit) }) }).toString();
    void reply.type(BATCH).header('link', `</feed?${next}>; rel="next"`).send(JSON.stringify(page.events));
  }
}
