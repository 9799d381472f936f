import { describe, expect, it } from '@jest/globals';
import { plainToInstance } from 'class-transformer';
import { IsEmail, IsInt, IsOptional, IsString, Matches, MaxLength, Min, ValidateNested, validateSync } from 'class-validator';
import fc from 'fast-check';
import { aNote, Note, NoteBatch } from '../http/demo.fixture.js';
import { compileValidator, validateBatch } from './compile.js';
import {
  Follows,
  IsAffairCode,
  IsBase64Url,
  IsCalendarDay,
  IsCalendarMonth,
  IsCalendarYear,
  IsContent,
  IsDigits,
  IsFlag,
  IsHttpAddress,
  IsInAgencyNumber,
  IsInstant,
  IsNested,
  IsNestedList,
  IsOneOf,
  IsProcedureCode,
  IsServerId,
  IsText,
  IsUuidV7,
  IsWholeNumber,
  MayBeOmitted,
} from './decorators.js';
import { FIELD_PROBLEMS_MAX } from './field-problem.js';
import type { Class } from './json-schema.js';
import { textRule } from './rules.js';

class Inner {
  @IsCalendarDay() day!: string;
  @MayBeOmitted() @IsWholeNumber({ min: -5, max: 5 }) count?: number;
}
class Base {
  @IsUuidV7() id!: string;
}
class Everything extends Base {
  @MayBeOmitted() @IsAffairCode() affair?: string;
  @MayBeOmitted() @IsProcedureCode({ list: { max: 2 } }) procedures?: string[];
  @MayBeOmitted() @IsServerId() server?: string;
  @MayBeOmitted() @IsInAgencyNumber() subject?: string;
  @MayBeOmitted() @IsCalendarMonth() month?: string;
  @MayBeOmitted() @IsCalendarYear() year?: string;
  @MayBeOmitted() @IsInstant() at?: string;
  @MayBeOmitted() @IsHttpAddress() address?: string;
  @MayBeOmitted() @IsDigits(4) digits?: string;
  @MayBeOmitted() @IsText({ min: 0, max: 4 }) text?: string;
  @MayBeOmitted() @IsBase64Url({ bytesMin: 2, bytesMax: 4 }) bytes?: string;
  @MayBeOmitted() @IsContent({ bytesMax: 40 }) content?: object;
  @MayBeOmitted() @IsFlag() flag?: boolean;
  @MayBeOmitted() @IsOneOf(['a', 'b']) word?: string;
  @MayBeOmitted() @IsOneOf(['a', 'b'], { list: { min: 1, max: 2 } }) words?: string[];
  @MayBeOmitted() @IsNested(() => Inner) inner?: Inner;
  @MayBeOmitted() @IsNestedList(() => Inner, { min: 1, max: 2 }) inners?: Inner[];
  @MayBeOmitted() @IsString() @Matches(/^[ab]+$/u) pattern?: string;
}

const GOOD: Readonly<Record<string, readonly unknown[]>> = {
  id: ['0171f0c8-7a00-7000-8000-000000000001'],
  affair: ['JM99000000000074'],
  procedures: [[], ['JT99000000000074']],
  server: ['is-east'],
  subject: ['0123', 'A1'],
  month: ['2020-05'],
  year: ['2020'],
  at: ['2020-05-08T00:00:00.000Z'],
  address: ['http://127.0.0.1:1'],
  digits: ['0000'],
  text: ['', '連携𠮷️', 'a\nb'],
  bytes: ['AAA', 'AAAAAA'],
  content: [{}, { a: [1, { b: true }] }],
  flag: [true],
  word: ['a'],
  words: [['a', 'b']],
  inner: [{ day: '2020-02-29' }, { day: '2020-02-29', count: -5 }],
  inners: [[{ day: '2020-02-29' }]],
  pattern: ['abab'],
};
const ODD: readonly unknown[] = [
  null,
  0,
  -0,
  1.5,
  1e300,
  '',
  ' ',
  'JM9900000000007',
  '2020-02-30',
  '2021-02-29T00:00:00.000Z',
  '2020-05-08T24:00:00.000Z',
  '2020-05-08T00:00:00Z',
  '0171F0C8-7A00-7000-8000-000000000001',
  '0171f0c8-7a00-4000-8000-000000000001',
  'ftp://x',
  'http://u:p@x/',
  'A',
  'AAAAAAA',
  '\ud800',
  'a\u0000',
  'aaaaa',
  '️️️️️',
  [],
  [null],
  [[]],
  ['a', 'a', 'a'],
  ['a', 1],
  {},
  [{}],
  { day: '2020-02-29', extra: 1 },
  [{ day: '2020-02-29' }, 'x'],
  { day: '2020-02-29', count: 6 },
  { a: { a: { a: { a: { a: { a: { a: { a: {} } } } } } } } },
  { 1: 'x' },
  { a: 1.5 },
  { a: '\udfff' },
  { long: 'x'.repeat(60) },
  true,
  'true',
];

/** Objects that are mostly right: each field right, odd, anything, or left out; sometimes with a field too many. */
function nearlyRight(good: Readonly<Record<string, readonly unknown[]>>): fc.Arbitrary<Record<string, unknown>> {
  const field = (values: readonly unknown[]) =>
    fc.oneof(
      { weight: 30, arbitrary: fc.constantFrom(...values) },
      { weight: 2, arbitrary: fc.constantFrom(...ODD) },
      { weight: 1, arbitrary: fc.jsonValue({ maxDepth: 3 }) },
    );
  const fields = Object.fromEntries(Object.entries(good).map(([name, values]) => [name, field(values)]));
  const extra = fc.oneof(
    { weight: 12, arbitrary: fc.constant({}) },
    { weight: 1, arbitrary: fc.dictionary(fc.string(), fc.jsonValue({ maxDepth: 1 }), { maxKeys: 2 }) },
  );
  return fc
    .tuple(fc.record(fields, { requiredKeys: ['id'] as never }), extra, fc.integer({ min: 0, max: 20 }))
    .map(([object, more, lost]) => ({ ...object, ...more, ...(lost === 0 ? { id: undefined } : {}) }) as Record<string, unknown>)
    .map((object) => JSON.parse(JSON.stringify(object)) as Record<string, unknown>);
}

// class-transformer leaves these two names out of what it makes, so that class-validator never sees them; the compiled
// validator refuses them
const UNSEEN = new Set(['__proto__', 'constructor']);
const seen = (value: unknown): boolean =>
  typeof value !== 'object' ||
  value === null ||
  (Array.isArray(value) ? value.every(seen) : Object.entries(value).every(([name, inner]) => !UNSEEN.has(name) && seen(inner)));

const acceptedByClassValidator = (type: new () => object, value: object): boolean =>
  validateSync(plainToInstance(type, value), { whitelist: true, forbidNonWhitelisted: true }).length === 0;

describe('the compiled validator', () => {
  it('gives the same verdict as class-validator', () => {
    let accepted = 0;
    let refused = 0;
    fc.assert(
      fc.property(nearlyRight(GOOD).filter(seen), (value) => {
        const verdict = compileValidator(Everything).accepts(value);
        if (verdict) accepted += 1;
        else refused += 1;
        expect({ verdict, value }).toEqual({ verdict: acceptedByClassValidator(Everything, value), value });
        expect(compileValidator(Everything)(value).length === 0).toBe(verdict);
      }),
      { numRuns: 2_000 },
    );
    // a generator that made only good or only bad objects would prove nothing
    expect(accepted).toBeGreaterThan(300);
    expect(refused).toBeGreaterThan(300);
  });

  it('gives the same verdict as class-validator for each field with each odd value', () => {
    for (const name of Object.keys(GOOD)) {
      for (const odd of [...ODD, ...Object.values(GOOD).flat()]) {
        const value = { id: GOOD['id']?.[0], [name]: odd };
        expect({ name, odd, verdict: compileValidator(Everything).accepts(value) }).toEqual({
          name,
          odd,
          verdict: acceptedByClassValidator(Everything, value),
        });
      }
    }
  });

  it('gives the same verdict for objects of every kind', () => {
    fc.assert(
      fc.property(fc.object().filter(seen), (value) => compileValidator(Note).accepts(value) === acceptedByClassValidator(Note, value)),
      { numRuns: 300 },
    );
  });

  it('never changes what it looks at', () => {
    const note = Object.freeze({ ...aNote(), extra: 1 });
    expect(compileValidator(Note)(note)).toHaveLength(1);
    expect(Object.keys(note)).toContain('extra');
  });

  it('does not repeat a name that a caller made up unless it looks like a field’s', () => {
    expect(compileValidator(Note)({ ...aNote(), '123456789018': 1 })).toEqual([{ field: '(unnamed)', rule: 'unknown-field', message: 'is not a field here' }]);
  });

  it('tells a bounded number of problems, and of a huge object only the first', () => {
    const names = (count: number): object => Object.fromEntries(Array.from({ length: count }, (_, index) => [`x${'y'.repeat(index % 5)}${index}`, 1]));
    expect(compileValidator(Note)(names(100))).toHaveLength(FIELD_PROBLEMS_MAX);
    expect(compileValidator(Note)(names(50_000))).toHaveLength(1);
    let deep: unknown = 1;
    for (let depth = 0; depth < 100_000; depth += 1) deep = [deep];
    expect(compileValidator(Note)({ ...aNote(), text: deep })).toEqual([{ field: 'text', rule: 'type', message: 'must be a string' }]);
  });

  it('refuses to compile what JSON Schema cannot say exactly', () => {
    class Mail {
      @IsEmail() mail!: string;
    }
    class Nullable {
      @IsOptional() @IsString() text?: string;
    }
    class Units {
      @MaxLength(3) text!: string;
    }
    class Bare {
      @ValidateNested() inner!: object;
    }
    class Fraction {
      @Min(1) count!: number;
    }
    class Flags {
      @IsString() @Matches(/a/i) text!: string;
    }
    class Two {
      @IsText({ max: 3 }) @IsAffairCode() text!: string;
    }
    class Each {
      @IsInt({ each: true }) list!: number[];
    }
    class Nothing {}
    for (const type of [Mail, Nullable, Units, Bare, Fraction, Flags, Two, Each, Nothing] as readonly Class[])
      expect(() => compileValidator(type)).toThrow(TypeError);
  });

  it('takes rules of an app’s own', () => {
    const even = textRule('even-length', 'must have an even length', (text) => text.length % 2 === 0);
    class Own {
      @Follows(even) text!: string;
    }
    expect(compileValidator(Own)({ text: 'ab' })).toEqual([]);
    expect(compileValidator(Own)({ text: 'abc' })).toEqual([{ field: 'text', rule: 'even-length', message: 'must have an even length' }]);
  });
});

describe('a batch', () => {
  it('refuses a bad line alone, with its number', () => {
    expect(compileValidator(NoteBatch)({ lines: [aNote(), 1] })).toEqual([]);
    const { valid, refused } = validateBatch(Note, [aNote(), 1, { ...aNote(), text: '' }], 11);
    expect(valid).toEqual([{ line: 11, value: aNote() }]);
    expect(refused.map(({ line, problems }) => [line, problems.map(({ field, rule }) => `${field} ${rule}`)])).toEqual([
      [12, ['body type']],
      [13, ['text text-1-10']],
    ]);
  });
});
