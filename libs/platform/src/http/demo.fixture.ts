import { createHash, createPrivateKey, createPublicKey, type KeyObject } from 'node:crypto';
import { Body, Controller, Get, HttpCode, Module, Param, Post, Query } from '@nestjs/common';
import { ApiOkResponse, ApiProperty } from '@nestjs/swagger';
import { DomainError } from '#libs/kernel';
import { Log } from '../logging/log.js';
import { Callers, OpenToAnyone, TheCaller } from '../tokens/callers.js';
import { type Caller, type CallerKey, TokenVerifier } from '../tokens/token-verifier.js';
import { TokenSigner } from '../tokens/token-signer.js';
import { validateBatch } from '../validation/compile.js';
import {
  IsAgencyCode,
  IsCalendarDay,
  IsFlag,
  IsInformationCode,
  IsInstant,
  IsLines,
  IsNested,
  IsNestedList,
  IsOneOf,
  IsText,
  IsUuidV7,
  IsWholeNumber,
  MayBeOmitted,
} from '../validation/decorators.js';
import { createHttpApp, type HttpApp, type HttpAppOptions } from './http-app.js';

/** A small app for the specs of this library. */
export class Period {
  @IsCalendarDay() from!: string;
  @IsCalendarDay() @MayBeOmitted() to?: string;
}
export class Note {
  @IsUuidV7() id!: string;
  @IsAgencyCode() provider!: string;
  @IsInformationCode({ list: { min: 1, max: 3 } }) information!: string[];
  @IsText({ max: 10 }) text!: string;
  @IsWholeNumber({ min: 1, max: 99 }) count!: number;
  @IsNested(() => Period) period!: Period;
  @MayBeOmitted() @IsFlag() sealed?: boolean;
  @MayBeOmitted() @IsNestedList(() => Period, { max: 2 }) others?: Period[];
  @MayBeOmitted() @IsOneOf(['asked', 'told']) state?: string;
  @MayBeOmitted() @IsInstant() at?: string;
}
export class NoteBatch {
  @IsLines(() => Note, { max: 5 }) lines!: unknown[];
}
export class NoteAnswer {
  @ApiProperty({ type: [Number] }) valid!: number[];
  @ApiProperty({ type: [Object] }) refused!: object[];
}
class NotePath {
  @IsUuidV7() id!: string;
}
class ArchivePath {
  @IsText({ max: 20 }) '*'!: string;
}
class NotePage {
  @MayBeOmitted() @IsWholeNumber({ min: 1, max: 100 }) limit?: number;
  @MayBeOmitted() @IsFlag() newest?: boolean;
}

export const waiting: (() => void)[] = [];
export let slowRuns = 0;

@Controller('notes')
export class NotesController {
  @Post()
  @OpenToAnyone()
  @HttpCode(200)
  make(@Body() note: Note): { id: string } {
    return { id: note.id };
  }
  @Post('batch')
  @OpenToAnyone()
  @HttpCode(200)
  @ApiOkResponse({ type: NoteAnswer })
  makeMany(@Body() { lines }: NoteBatch): object {
    const { valid, refused } = validateBatch(Note, lines);
    return { valid: valid.map(({ line }) => line), refused };
  }
  @Get(':id')
  @OpenToAnyone()
  get(@Param() { id }: NotePath, @Query() page: NotePage): object {
    return { id, page };
  }
  @Post('signed')
  @Callers('server')
  @HttpCode(200)
  signed(@Body() note: Note, @TheCaller() caller: Caller): object {
    return { id: note.id, by: caller.issuer };
  }
}

@Controller('archive')
@Callers('auditor')
export class ArchiveController {
  @Get('*')
  get(@Param() path: ArchivePath, @TheCaller() caller: Caller): object {
    return { path: path['*'], by: caller.issuer, kind: caller.kind };
  }
}

@Controller('trouble')
@OpenToAnyone()
export class TroubleController {
  @Get('domain')
  domain(): never {
    throw new DomainError('NOTE_CLOSED', 'conflict', 'the note is closed');
  }
  @Get('unknown')
  unknown(): never {
    throw new Error('secret 123456789018');
  }
  @Get('internal')
  internal(): never {
    throw new DomainError('EVENT_SHAPE', 'internal', 'secret detail');
  }
  @Get('busy')
  busy(): never {
    throw new DomainError('QUEUE_FULL', 'busy', 'the queue is full');
  }
  @Get('slow')
  async slow(): Promise<object> {
    slowRuns += 1;
    await new Promise<void>((resolve) => waiting.push(resolve));
    return { done: true };
  }
}

@Module({ controllers: [NotesController, ArchiveController, TroubleController] })
export class DemoModule {}

/** PKCS #8 of an Ed25519 key, up to its 32 bytes (RFC 8410 §7). The keys are made from their names: two processes of a test agree on them. */
const PKCS8_PREFIX = Buffer.from('302e020100300506032b657004220420', 'hex');
function keyPair(name: string): { readonly privateKey: KeyObject; readonly publicKey: KeyObject } {
  const seed = createHash('sha256').update(name).digest();
  const privateKey = createPrivateKey({ key: Buffer.concat([PKCS8_PREFIX, seed]), format: 'der', type: 'pkcs8' });
  return { privateKey, publicKey: createPublicKey(privateKey) };
}
export const serverKeys = keyPair('server');
export const agencyKeys = keyPair('agency');
export const auditorKeys = keyPair('auditor');
export const strangerKeys = keyPair('stranger');
const known = new Map<string, CallerKey>([
  ['is-east 1', { kind: 'server', publicKey: serverKeys.publicKey }],
  ['board 1', { kind: 'auditor', publicKey: auditorKeys.publicKey }],
  ['0220113101601700 1', { kind: 'agency', publicKey: agencyKeys.publicKey }],
]);
export const keyOf = (issuer: string, keyId: string): CallerKey | undefined => known.get(`${issuer} ${keyId}`);
export const signerOf = (issuer: string, privateKey = serverKeys.privateKey, more: { lifetimeMs?: number; nowMs?: () => number } = {}): TokenSigner =>
  new TokenSigner({ issuer, keyId: '1', privateKey, ...more });

export const aNote = (): Note => ({
  id: '0171f0c8-7a00-7000-8000-000000000001',
  provider: '0220113101601700',
  information: ['TM00000000000002'],
  text: '連携',
  count: 3,
  period: { from: '2020-04-01' },
});

export function startDemo(more: Partial<HttpAppOptions> = {}): Promise<HttpApp> {
  return createHttpApp(DemoModule, {
    title: 'demo',
    description: 'A demo',
    version: '1',
    host: '127.0.0.1',
    port: 0,
    log: Log.create({ app: 'demo', level: 'silent' }),
    tokens: new TokenVerifier({ audience: 'core', keyOf }),
    ...more,
  });
}
