import { describe, expect, it } from '@jest/globals';
import type { AgencyRegistration } from '../agency/agency.events.js';
import { type AgencyStanding, standingOf } from '../agency/agency-standing.js';
import { judge, lawOf, type Legality, type LegalityQuestion } from './legality.js';
import { PermissionMatrix } from './permission-matrix.js';

const registration: AgencyRegistration = {
  code: '',
  name: '',
  class: 'municipality',
  institution: true,
  codeHolder: true,
  welfareOffice: false,
  healthCentre: false,
  placeholder: false,
  official: false,
  role: 'participant',
};
const agency = (code: string, more: Partial<AgencyStanding> = {}, particulars: Partial<AgencyRegistration> = {}): AgencyStanding => ({
  ...standingOf({ ...registration, code, ...particulars }),
  assessed: new Set(['allowance', 'tax']),
  ...more,
});

const table = PermissionMatrix.compile(
  { version: 'draft', effectiveFrom: '2026-06-26', itemCount: 1, itemsDigest: '', draft: true, certainty: 'assumed', source: 'test' },
  [
    {
      version: 'draft',
      item: '74',
      affair: 'allowance',
      affairName: '児童手当',
      requesterWords: '市町村長',
      requesters: ['municipality', 'health-insurance-society', 'justice-ministry'].map((name) => ({ class: name as AgencyStanding['class'], takesPart: true })),
      grants: [
        {
          providerWords: '市町村長又は法務大臣',
          information: [
            {
              code: 'income',
              words: '地方税関係情報',
              holdingAffair: 'tax',
              providers: ['municipality', 'justice-ministry'].map((name) => ({ class: name as AgencyStanding['class'], takesPart: true })),
              certainty: 'assumed',
            },
          ],
        },
      ],
      certainty: 'assumed',
      source: 'test',
    },
  ],
);
const law = lawOf(table);
const [x, a] = [agency('X'), agency('A')];
const question = (changes: Partial<LegalityQuestion> = {}): LegalityQuestion => ({
  requester: x,
  provider: a,
  affair: 'allowance',
  information: 'income',
  day: '2020-05-08',
  ...changes,
});
const outcome = (legality: Legality): string => (legality.permitted ? 'permitted' : legality.code);
const judged = (changes: Partial<LegalityQuestion> = {}): string => outcome(judge(law, question(changes)));

describe('whether the provider must be notified (art. 21(2))', () => {
  it('permits what the table holds, cites it', () =>
    expect(judge(law, question())).toEqual({ permitted: true, version: 'draft', item: '74', grant: 0, holdingAffair: 'tax' }));
  it('permits with an identifier that holds', () => expect(judged({ identifierValid: true })).toBe('permitted'));
  it('denies an unknown requester or provider', () => {
    expect(judged({ requester: undefined })).toBe('NOT_A_PARTICIPANT');
    expect(judged({ provider: undefined })).toBe('NOT_A_PARTICIPANT');
  });
  it('denies an agency that asks itself', () => expect(judged({ provider: x })).toBe('SAME_AGENCY'));
  it('denies a non-participant on either side, until the day from which it takes part', () => {
    const tax = agency('T', {
      participation: [
        { role: 'non-participant', from: '' },
        { role: 'participant', from: '2026-06-26' },
      ],
    });
    expect(judged({ requester: tax })).toBe('NOT_A_PARTICIPANT');
    expect(judged({ provider: tax })).toBe('NOT_A_PARTICIPANT');
    expect(judged({ provider: tax, day: '2026-06-26' })).toBe('permitted');
  });
  it('lets an answer-only institution answer, not ask', () => {
    const justice = agency('J', {}, { class: 'justice-ministry', role: 'answer-only' });
    expect(judged({ requester: justice })).toBe('ANSWER_ONLY');
    expect(judged({ provider: justice })).toBe('permitted');
  });
  it('denies with the table’s reason and article, as an exception of art. 21(2)', () =>
    expect(judge(law, question({ information: 'pension' }))).toEqual({
      permitted: false,
      code: 'INFORMATION_NOT_IN_ITEM',
      article: '番号法19条7号・21条2項1号、別表第二',
      exceptionApplied: true,
      version: 'draft',
      item: '74',
    }));
  it('denies a suspended requester or provider', () => {
    expect(judged({ requester: agency('X', { suspended: true }) })).toBe('AGENCY_SUSPENDED_REQUESTER');
    expect(judged({ provider: agency('A', { suspended: true }) })).toBe('AGENCY_SUSPENDED_PROVIDER');
  });
  it('denies where an assessment is not published: the requester’s for the affair, the provider’s for its file', () => {
    expect(judged({ requester: agency('X', { assessed: new Set(['tax']) }) })).toBe('ASSESSMENT_UNPUBLISHED_REQUESTER');
    expect(judge(law, question({ provider: agency('A', { assessed: new Set(['allowance']) }) }))).toMatchObject({
      code: 'ASSESSMENT_UNPUBLISHED_PROVIDER',
      article: '番号法21条2項2号・28条',
      exceptionApplied: true,
    });
  });
  it('denies an identifier that does not hold', () => expect(judged({ identifierValid: false })).toBe('IDENTIFIER_NOT_VALID'));
});

describe('a code holder that acts for an institution', () => {
  const fund = agency('F', { assessed: new Set() }, { class: 'payment-fund', institution: false });
  const society = agency('S', { delegatedTo: 'F' }, { class: 'health-insurance-society', codeHolder: false });
  it('is not itself in the table', () => expect(judged({ requester: fund, requesterHolder: fund })).toBe('REQUESTER_NOT_IN_ITEM'));
  it('asks for it', () => expect(judged({ requester: society, requesterHolder: fund })).toBe('permitted'));
  it('must have been entrusted', () => {
    expect(judged({ requester: society, requesterHolder: x })).toBe('NOT_DELEGATED');
    expect(judged({ requester: society })).toBe('NOT_DELEGATED');
    expect(judged({ providerHolder: fund })).toBe('NOT_DELEGATED');
  });
  it('stops them all where it is suspended', () => {
    expect(judged({ requester: society, requesterHolder: agency('F', { suspended: true }) })).toBe('AGENCY_SUSPENDED_REQUESTER');
    expect(judged({ provider: a, providerHolder: agency('A', { suspended: true }) })).toBe('AGENCY_SUSPENDED_PROVIDER');
  });
});

describe('the order of reasons', () => {
  it('names the table before standing, and standing before the identifier', () => {
    const suspended = agency('X', { suspended: true, assessed: new Set() });
    expect(judged({ requester: suspended, affair: 'other', identifierValid: false })).toBe('AFFAIR_NOT_IN_TABLE');
    expect(judged({ requester: suspended, identifierValid: false })).toBe('AGENCY_SUSPENDED_REQUESTER');
    expect(judged({ requester: agency('X', { assessed: new Set() }), identifierValid: false })).toBe('ASSESSMENT_UNPUBLISHED_REQUESTER');
  });
});
