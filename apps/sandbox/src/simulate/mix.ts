import { Calendar } from './calendar.js';
import { runningSums } from './draws.js';
import { FIRST_DAY, OTHER_INFORMATION, OTHER_PROCEDURES, PENSION_DAY, type SeedFigure, TOP_INFORMATION, TOP_PROCEDURES } from './seed-figures.js';

/** Who asks: the person's own municipality, prefecture, its board, or a body of the whole nation. */
export type Asker = 'municipality' | 'prefecture' | 'prefecture-board' | 'pension-service' | 'student-services' | 'employment-bureau' | 'society';
/** Who is asked: where the person lives, where it lived before, the prefecture there, its insurer, the pension service. */
export type Asked = 'municipality' | 'former-municipality' | 'former-prefecture' | 'pension-service' | 'insurer';

/** One use of the table: an item, an information, and who has to do with it. */
export interface Use {
  readonly item: string;
  readonly information: string;
  readonly asker: Asker;
  readonly asked: Asked;
  /** Municipalities concerned need a welfare office (福祉事務所). */
  readonly welfare: boolean;
  /** First day on which it is lawful and open. */
  readonly since: string;
  /** Assumed: how often it is used beside the others of its procedure. What the source tells is fitted on top. */
  readonly weight: number;
}

const RESIDENT = 'TM00000000000001';
const TAX = 'TM00000000000002';
const MEDICAL = 'TM00000000000031';
const PENSION = 'TM00000000000053';
const PENSION_COLLECTION = 'TM00000000000064';
const LIVELIHOOD = 'TM99000000000008';
const CHILD_REARING = 'TM99000000000011';
const DISABILITY = 'TM99000000000015';
const SPECIAL_CHILD_REARING = 'TM99000000000019';
const CHILD_ALLOWANCE = 'TM99000000000043';

/** The pension service answers, and asks under most items. */
export const PENSION_ANSWERS_DAY = '2019-10-30';
const RESIDENT_FACTS_UNDER_74_DAY = '2018-07-02';

const ASKED_OF: Readonly<Record<string, Asked>> = {
  [MEDICAL]: 'insurer',
  [PENSION]: 'pension-service',
  [PENSION_COLLECTION]: 'pension-service',
  [DISABILITY]: 'former-prefecture',
  [SPECIAL_CHILD_REARING]: 'former-prefecture',
};
const NEEDS_WELFARE_OFFICE: ReadonlySet<string> = new Set([LIVELIHOOD, CHILD_REARING]);

interface UseOf {
  readonly asker: Asker;
  readonly since?: string;
  readonly welfare?: boolean;
}
/** The uses of an item: information and weight. A person's own municipality is asked where the asker is none itself. */
function usesOf(item: string, { asker, since = FIRST_DAY, welfare = false }: UseOf, ...weights: readonly (readonly [string, number])[]): readonly Use[] {
  const place: Asked = asker === 'municipality' ? 'former-municipality' : 'municipality';
  return weights.map(([information, weight]) => {
    const asked = ASKED_OF[information] ?? place;
    const opened = asked === 'pension-service' ? PENSION_ANSWERS_DAY : item === '74' && information === RESIDENT ? RESIDENT_FACTS_UNDER_74_DAY : since;
    return { item, information, asker, asked, welfare: welfare || NEEDS_WELFARE_OFFICE.has(information), since: opened, weight };
  });
}

const PENSION_ASKS = { asker: 'pension-service', since: PENSION_DAY } as const;
/** Procedures beyond the five are a choice of ours: those that the source document tells stories of, and their like. */
export const USES: readonly Use[] = [
  ...usesOf('48', PENSION_ASKS, [RESIDENT, 18], [TAX, 9.4]),
  ...usesOf('35', PENSION_ASKS, [RESIDENT, 5], [TAX, 1.6]),
  ...usesOf('117', PENSION_ASKS, [TAX, 4.4], [RESIDENT, 0.6]),
  ...usesOf('113', { asker: 'prefecture' }, [TAX, 3.6], [RESIDENT, 0.2]),
  ...usesOf('113', { asker: 'prefecture-board' }, [TAX, 1.8], [RESIDENT, 0.1]),
  ...usesOf('27', { asker: 'municipality' }, [TAX, 2.5], [RESIDENT, 0.3], [PENSION, 0.15], [MEDICAL, 0.1], [DISABILITY, 0.1]),
  ...usesOf('74', { asker: 'municipality' }, [TAX, 3], [RESIDENT, 1.6]),
  ...usesOf('116', { asker: 'municipality' }, [TAX, 2.4], [RESIDENT, 0.5], [LIVELIHOOD, 0.05], [CHILD_REARING, 0.1], [DISABILITY, 0.1]),
  ...usesOf(
    '57',
    { asker: 'municipality', welfare: true },
    ...([
      [TAX, 0.9],
      [RESIDENT, 0.5],
      [PENSION, 0.45],
      [SPECIAL_CHILD_REARING, 0.08],
      [DISABILITY, 0.07],
    ] as const),
  ),
  ...usesOf('94', { asker: 'municipality' }, [TAX, 1.6], [RESIDENT, 0.4], [PENSION, 0.3], [PENSION_COLLECTION, 0.25], [LIVELIHOOD, 0.05]),
  ...usesOf(
    '26',
    { asker: 'municipality', welfare: true },
    ...([
      [TAX, 0.4],
      [MEDICAL, 0.2],
      [PENSION, 0.35],
      [PENSION_COLLECTION, 0.3],
      [CHILD_REARING, 0.06],
      [CHILD_ALLOWANCE, 0.07],
    ] as const),
  ),
  ...usesOf('108', { asker: 'municipality', welfare: true }, [TAX, 0.5], [RESIDENT, 0.2], [LIVELIHOOD, 0.05]),
  ...usesOf('31', { asker: 'municipality', welfare: true }, [TAX, 0.4], [RESIDENT, 0.15]),
  ...usesOf('42', { asker: 'municipality' }, [MEDICAL, 0.4], [TAX, 0.2], [RESIDENT, 0.1]),
  ...usesOf('37', { asker: 'prefecture-board' }, [TAX, 0.06], [RESIDENT, 0.04]),
  ...usesOf('106', { asker: 'student-services' }, [TAX, 0.4], [RESIDENT, 0.2]),
  ...usesOf('77', { asker: 'employment-bureau' }, [RESIDENT, 0.25]),
  ...usesOf('3', { asker: 'society' }, [TAX, 0.1], [RESIDENT, 0.1]),
];

/** Spans between the days on which something new is asked for. */
const PHASES = [FIRST_DAY, RESIDENT_FACTS_UNDER_74_DAY, PENSION_DAY, PENSION_ANSWERS_DAY] as const;
const AFTER_ALL = '9999-12-31';
const FITTING_ROUNDS = 400;

/** A margin that a use belongs to: index of a top figure, or the last one for all others. */
const groupOf = (tops: readonly SeedFigure[], key: string): number => {
  const index = tops.findIndex((top) => top.key === key);
  return index < 0 ? tops.length : index;
};

/**
 * Fits the weights to what is known: provisions by procedure, by information and by span, each cell as near to its assumed
 * weight as that allows (iterative proportional fitting). Returns, by span, the provisions of every use.
 */
export function fitted(): readonly Float64Array[] {
  const calendar = new Calendar();
  const spans = PHASES.map((from, phase) => calendar.between(from, PHASES[phase + 1] ?? AFTER_ALL));
  const cells = PHASES.map((from, phase) => Float64Array.from(USES, ({ since, weight }) => (since <= from ? weight * (spans[phase] as number) : 0)));
  const scale = calendar.provisions / (TOP_PROCEDURES.reduce((sum, { count }) => sum + count, 0) + OTHER_PROCEDURES);
  const margins = [
    { groups: USES.map(({ item }) => groupOf(TOP_PROCEDURES, item)), wanted: [...TOP_PROCEDURES.map(({ count }) => count), OTHER_PROCEDURES] },
    { groups: USES.map(({ information }) => groupOf(TOP_INFORMATION, information)), wanted: [...TOP_INFORMATION.map(({ count }) => count), OTHER_INFORMATION] },
  ];
  for (let round = 0; round < FITTING_ROUNDS; round += 1) {
    for (const { groups, wanted } of margins) {
      const sums = wanted.map(() => 0);
      for (const cell of cells) for (const [use, value] of cell.entries()) sums[groups[use] as number] = (sums[groups[use] as number] as number) + value;
      for (const cell of cells) {
        for (const [use, group] of groups.entries()) cell[use] = ((cell[use] as number) * (wanted[group] as number) * scale) / (sums[group] as number);
      }
    }
    for (const [phase, cell] of cells.entries()) {
      const factor = (spans[phase] as number) / cell.reduce((sum, value) => sum + value, 0);
      for (const use of cell.keys()) cell[use] = (cell[use] as number) * factor;
    }
  }
  return cells;
}

/** What is asked for on a day, by how often. */
export class Mix {
  readonly #sums = fitted().map((cell) => runningSums([...cell]));

  /** Running sums over USES, to draw from. */
  on(day: string): Float64Array {
    const phase = PHASES.findLastIndex((from) => day >= from);
    return this.#sums[Math.max(0, phase)] as Float64Array;
  }
}
