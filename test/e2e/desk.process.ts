import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import Database from 'libsql';
import { inAgencyNumber, type Nation, type Person, TAX_YEAR, theCast, thePeople } from '#apps/sandbox';
import { valueOf } from '#libs/agency-sdk';

const MAIN = fileURLToPath(new URL('../../apps/child-allowance-desk/src/main.js', import.meta.url));
const WITHIN_MS = 120_000;

/** The desk as a process of its own. */
export class DeskProcess {
  output = '';
  errors = '';
  readonly ended: Promise<number | null>;

  private constructor(private readonly child: ChildProcess) {
    child.stdout?.setEncoding('utf8').on('data', (text: string) => (this.output += text));
    child.stderr?.setEncoding('utf8').on('data', (text: string) => (this.errors += text));
    this.ended = once(child, 'close').then(([status]) => status as number | null);
  }

  static start(args: readonly string[], environment: Readonly<Record<string, string>> = {}): DeskProcess {
    const env = { PATH: process.env['PATH'] ?? '', LANG: 'en_US.UTF-8', NO_COLOR: '1', ...environment };
    return new DeskProcess(spawn(process.execPath, ['--enable-source-maps', MAIN, ...args], { env, stdio: ['ignore', 'pipe', 'pipe'] }));
  }

  /** Waits until it printed this. */
  async until(pattern: RegExp): Promise<void> {
    const untilMs = performance.now() + WITHIN_MS;
    while (!pattern.test(this.output)) {
      if (performance.now() > untilMs || this.child.exitCode !== null)
        throw new Error(`it did not print ${pattern.source}: ${this.output.slice(-800)} ${this.errors}`);
      await sleep(5);
    }
  }
  /** Ends it by a signal; its exit status, or null. */
  stop(signal: NodeJS.Signals): Promise<number | null> {
    this.child.kill(signal);
    return this.ended;
  }
}

const LOCAL_TAX = 'TM00000000000002';
const LAYOUT = '2019-06';

/** What the city of the last 1 January holds: a parent under the limit, and one over it. */
export async function registerTaxFacts(nation: Nation): Promise<void> {
  const { tokorozawa } = theCast();
  const holds = (who: Person, totalIncome: number, dependants: number) => ({
    inAgencyNumber: inAgencyNumber(tokorozawa, who),
    information: LOCAL_TAX,
    dataset: 'assessment',
    period: TAX_YEAR,
    layout: LAYOUT,
    content: { totalIncome, incomeLevy: 100_000, perCapitaLevy: 3_500, dependants, filed: true },
  });
  const { kenta, misaki } = thePeople();
  for (const line of await nation.client(tokorozawa).registerReplicas([holds(kenta, 4_120_000, 2), holds(misaki, 9_980_000, 0)])) valueOf(line);
}

/** A person of an application at Toyonaka, whose tax facts Tokorozawa has. */
export const personOf = (who: Person) => ({ inAgencyNumber: inAgencyNumber(theCast().toyonaka, who), provider: theCast().tokorozawa.code });

/** Where a desk of Toyonaka keeps its things, with its profile and these applications; and the options that say so. */
export async function deskPlace(nation: Nation, name: string, cases: readonly object[]): Promise<{ readonly data: string; readonly args: readonly string[] }> {
  const { toyonaka } = theCast();
  const data = join(nation.directory, 'desks', name);
  await mkdir(data, { recursive: true });
  await writeFile(join(data, 'key.pem'), nation.keys.of(toyonaka.code).privateKey.export({ type: 'pkcs8', format: 'pem' }));
  const server = nation.intermediateServers.get(toyonaka.server);
  await writeFile(join(data, 'profile.json'), JSON.stringify({ server: server?.url, serverId: server?.id, agency: toyonaka.code, key: 'key.pem' }));
  await writeFile(join(data, 'applications.json'), JSON.stringify(cases));
  return { data, args: ['--profile', join(data, 'profile.json'), '--data', data, '--applications', join(data, 'applications.json')] };
}

/** What stands in a desk's case file. */
export function rowsOf<T>(data: string, statement: string): readonly T[] {
  const database = new Database(join(data, 'cases.sqlite'), { readonly: true });
  try {
    return database.prepare(statement).all() as T[];
  } finally {
    database.close();
  }
}

export interface DecisionRow {
  readonly case_number: string;
  readonly decision: string;
  readonly monthly_amount: number;
  readonly reason: string | null;
}
export const decisionsOf = (data: string): readonly DecisionRow[] =>
  rowsOf<DecisionRow>(data, 'SELECT case_number, decision, monthly_amount, reason FROM decisions ORDER BY case_number');
