/** One exchange of a case, for machines. Names no person. */
export interface ExchangeReport {
  readonly exchangeId: string;
  readonly requester: string;
  readonly provider: string;
  readonly affair: string;
  readonly information: string;
  readonly period?: string;
  /** What the law says must come out, and what came out: `received`, `denied NOT_YET_OPEN`, `ended NO_RECORD`. */
  readonly expected: string;
  readonly outcome: string;
  readonly item?: string;
  readonly table?: string;
  readonly article?: string;
  readonly elapsedMs: number;
  /** Facts and leaf hashes that the three records agree in, and the names of those they do not. */
  readonly records: { readonly facts: number; readonly references: number; readonly disagreements: readonly string[] };
}

export interface BulkReport {
  readonly bulkId: string;
  readonly requester: string;
  readonly affair: string;
  readonly lines: number;
  readonly outcomes: Readonly<Record<string, number>>;
  readonly elapsedMs: number;
  /** Lines whose three records agree. */
  readonly recordsAgree: number;
}

export interface CaseReport {
  /** `1` to `8`, `more`; with `-earlier` for what runs on an earlier day. */
  readonly case: string;
  readonly title: string;
  /** Legal day in Japan. */
  readonly day: string;
  readonly asTheLawSays: boolean;
  /** Every way in which it did not come out as declared; empty where it did. */
  readonly deviations: readonly string[];
  readonly exchanges: readonly ExchangeReport[];
  readonly bulks: readonly BulkReport[];
  readonly elapsedMs: number;
}
