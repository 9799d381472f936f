import type { LayoutField, LayoutRevision } from './layout.js';

/**
 * Illustrative layouts of the kinds of information that the cases and the seed's most frequent provisions use. Marked so:
 * no source names the fields. Versions are those of the reference data; a revision holds until the next one of its kind.
 */

const text = (ja: string, required = false): LayoutField => ({ kind: 'text', ja, required });
const code = (ja: string, required = false): LayoutField => ({ kind: 'code', ja, required });
const day = (ja: string, required = false): LayoutField => ({ kind: 'day', ja, required });
const yen = (ja: string, required = false): LayoutField => ({ kind: 'yen', ja, required });
const flag = (ja: string, required = false): LayoutField => ({ kind: 'flag', ja, required });
const count = (ja: string, required = false): LayoutField => ({ kind: 'count', ja, required });
const months = (ja: string, required = false): LayoutField => ({ kind: 'months', ja, required });

const FIRST = '2017-07';

const residentRegister: readonly LayoutRevision[] = [
  {
    since: FIRST,
    fields: { addressCode: code('住所コード', true), address: text('住所'), movedInOn: day('転入日'), householdHead: flag('世帯主', true) },
  },
  {
    since: '2018-10',
    fields: {
      addressCode: code('住所コード', true),
      address: text('住所'),
      movedInOn: day('転入日'),
      relationCode: code('続柄コード', true),
      householdSize: count('世帯人数'),
    },
    upcast: ({ householdHead, ...rest }) => ({ ...rest, relationCode: householdHead === true ? '01' : '99' }),
  },
];

const localTax: readonly LayoutRevision[] = [
  { since: FIRST, fields: { income: yen('合計所得金額', true), tax: yen('市町村民税所得割額', true), dependants: count('扶養人数') } },
  {
    since: '2018-10',
    fields: {
      totalIncome: yen('合計所得金額', true),
      incomeLevy: yen('市町村民税所得割額', true),
      perCapitaLevy: yen('市町村民税均等割額'),
      dependants: count('扶養人数'),
    },
    upcast: ({ income, tax, ...rest }) => ({ ...rest, totalIncome: income, incomeLevy: tax }),
  },
  {
    since: '2019-06',
    fields: {
      totalIncome: yen('合計所得金額', true),
      incomeLevy: yen('市町村民税所得割額', true),
      perCapitaLevy: yen('市町村民税均等割額'),
      dependants: count('扶養人数'),
      filed: flag('申告の有無', true),
    },
    upcast: (content) => ({ ...content, filed: true }),
  },
];

const insuranceEligibility: readonly LayoutRevision[] = [
  {
    since: FIRST,
    fields: { insurerCode: code('保険者番号', true), acquiredOn: day('資格取得日', true), lostOn: day('資格喪失日'), dependant: flag('被扶養者') },
  },
];

const pensionPayment: readonly LayoutRevision[] = [
  {
    since: FIRST,
    fields: { pensionCode: code('年金種別', true), annualAmount: yen('年金額', true), entitledOn: day('受給権発生日'), suspended: flag('支給停止') },
  },
  {
    since: '2019-06',
    fields: {
      pensionCode: code('年金種別', true),
      annualAmount: yen('年金額', true),
      entitledOn: day('受給権発生日'),
      suspended: flag('支給停止', true),
      grade: code('障害等級'),
    },
    upcast: (content) => ({ suspended: false, ...content }),
  },
];

const pensionContribution: readonly LayoutRevision[] = [
  ...pensionPayment.map((revision) => ({ ...revision, fields: { ...revision.fields, paidMonths: months('納付月数'), exemptMonths: months('免除月数') } })),
];

const allowance: readonly LayoutRevision[] = [
  {
    since: FIRST,
    fields: {
      certificateNumber: code('証書番号'),
      monthlyAmount: yen('手当月額', true),
      since: day('支給開始日', true),
      until: day('支給終了日'),
      children: count('対象児童数'),
    },
  },
];

const disability: readonly LayoutRevision[] = [
  { since: FIRST, fields: { certificateCode: code('手帳の種類', true), grade: code('等級', true), issuedOn: day('交付日'), expiresOn: day('有効期限') } },
];

const livelihoodProtection: readonly LayoutRevision[] = [
  { since: FIRST, fields: { since: day('保護開始日', true), until: day('保護廃止日'), monthlyAmount: yen('保護費月額'), householdSize: count('世帯人数') } },
];

/** Every other kind: a benefit, certificate or measure in general terms. */
export const generalLayout: readonly LayoutRevision[] = [
  {
    since: FIRST,
    fields: {
      summary: text('概要'),
      statusCode: code('状態'),
      since: day('開始日'),
      until: day('終了日'),
      amountYen: yen('金額'),
      applies: flag('該当'),
    },
  },
  {
    since: '2019-06',
    fields: {
      summary: text('概要'),
      statusCode: code('状態'),
      since: day('開始日'),
      until: day('終了日'),
      amountYen: yen('金額'),
      applies: flag('該当'),
      note: text('備考'),
    },
    upcast: (content) => content,
  },
];

/** By information code. */
export const illustrativeLayouts: Readonly<Record<string, readonly LayoutRevision[]>> = {
  TM00000000000001: residentRegister,
  TM00000000000002: localTax,
  TM00000000000031: insuranceEligibility,
  TM00000000000053: pensionPayment,
  TM00000000000064: pensionContribution,
  TM99000000000008: livelihoodProtection,
  TM99000000000011: allowance,
  TM99000000000015: disability,
  TM99000000000019: allowance,
  TM99000000000043: allowance,
};
