import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, relative, resolve } from 'node:path';
import { legalDay } from '#libs/kernel';
import { type Language, Terminal } from '#libs/terminal';
import type { Case } from './cases/case.js';
import { CASES } from './cases/cases.js';
import { earlierCases } from './cases/case-7-refusals.js';
import type { CaseReport } from './cases/report.js';
import { secondsOf, Stage } from './cases/stage.js';
import { theCast } from './cast/agencies.js';
import { INFORMATION } from './cast/law.js';
import { inAgencyNumber, thePeople } from './cast/people.js';
import { TAX_YEAR } from './cast/replicas.js';
import { showFeed } from './feed/show-feed.js';
import { ledgersOf, showLedgers } from './ledgers/show-ledgers.js';
import { mainTexts } from './main.texts.js';
import { Nation } from './nation/nation.js';
import { writeProfile } from './nation/profile.js';
import { type Options, readOptions } from './options.js';
import { SetUp } from './setup/set-up.js';

const EXIT_USAGE = 2;
const EXIT_FAILED = 1;

type Texts = ReturnType<typeof mainTexts>;
interface Told {
  readonly options: Options;
  readonly texts: Texts;
  /** Undefined under --json. */
  readonly terminal: Terminal | undefined;
}

async function play(nation: Nation, one: Case, terminal: Terminal | undefined, language: Language): Promise<CaseReport> {
  const day = legalDay(nation.clock.now());
  terminal?.line();
  terminal?.heading(`${/^\d$/.test(one.name) ? `${one.name}. ` : ''}${one.title[language]} (${day})`);
  terminal?.paragraph(one.story[language], { indent: 2, dress: terminal.style.dim });
  const stage = new Stage(nation, terminal, language);
  await one.play(stage);
  return stage.report(one.name, one.title.en);
}

/** What an earlier day shows, each on a small nation of its own whose clock is set to that day. */
async function playEarlier({ texts, terminal, options }: Told): Promise<CaseReport[]> {
  terminal?.line();
  terminal?.line(terminal.style.bold(texts.earlier));
  const reports: CaseReport[] = [];
  for (const one of earlierCases) {
    const directory = await mkdtemp(join(tmpdir(), 'renkei-earlier-'));
    const nation = await Nation.start({ directory, basePort: 0, startsAt: one.at, logLevel: 'silent' });
    try {
      await new SetUp(nation, undefined, options.language, 'identifiers').run();
      reports.push(await play(nation, one, terminal, options.language));
    } finally {
      await nation.close();
      await rm(directory, { recursive: true, force: true });
    }
  }
  return reports;
}

async function playAll(nation: Nation, told: Told): Promise<boolean> {
  const { options, texts, terminal } = told;
  const startedMs = performance.now();
  const reports = await playEarlier(told);
  terminal?.line();
  terminal?.line(terminal.style.bold(texts.clock));
  for (const one of CASES) reports.push(await play(nation, one, terminal, options.language));
  const failed = reports.filter(({ asTheLawSays }) => !asTheLawSays);
  const exchanges = reports.reduce((sum, report) => sum + report.exchanges.length + report.bulks.reduce((lines, bulk) => lines + bulk.lines, 0), 0);
  terminal?.line();
  if (failed.length > 0) terminal?.line(terminal.style.red(texts.failed(failed.map((report) => report.case).join(', '))));
  else terminal?.line(terminal.style.green(texts.summary(reports.length, exchanges.toLocaleString('en-US'), secondsOf(performance.now() - startedMs))));
  if (terminal) {
    await showFeed(nation, terminal, options.language, theCast().toyonaka, 'toyonaka');
    showLedgers(nation, terminal, options.language, options.data);
  }
  if (options.json) process.stdout.write(`${JSON.stringify({ asTheLawSays: failed.length === 0, cases: reports, ledgers: ledgersOf(nation) }, null, 2)}\n`);
  return failed.length === 0;
}

function showAddresses(nation: Nation, { texts, terminal }: Told): void {
  const servers = [nation.core, nation.registry, ...nation.interfaceSystems.values(), ...nation.intermediateServers.values()];
  terminal?.line();
  terminal?.line(terminal.style.bold(texts.addresses));
  terminal?.table({
    head: [texts.server, texts.address, texts.documentation],
    rows: servers.map(({ id, url }) => [id, url, `${url}/docs`]),
  });
  terminal?.line();
  const { toyonaka, tokorozawa } = theCast();
  const profile = writeProfile(nation, toyonaka, 'toyonaka');
  const person = inAgencyNumber(toyonaka, thePeople().kenta);
  terminal?.line(texts.tryIt);
  terminal?.line(`  npm run -s renkei -- query --profile ${relative('.', profile)} --person ${person} --provider ${tokorozawa.code} \\`);
  terminal?.line(`    --affair 74 --information ${INFORMATION.localTax} --period ${TAX_YEAR} --department child-welfare --wait 10`);
  terminal?.line(`  npm run -s renkei -- matrix explain --requester 豊中市 --affair 74 --provider 所沢市 --information 地方税 --on 2020-05-08`);
  terminal?.line(texts.stop);
}

/** Resolves at the first SIGINT or SIGTERM; another one ends the process at once. */
function untilStopped(onSignal: () => void): Promise<void> {
  return new Promise((resolve) => {
    let asked = 0;
    const stop = (): void => {
      asked += 1;
      if (asked === 1) {
        onSignal();
        resolve();
      } else if (asked > 2) process.exit(EXIT_FAILED); // a terminal and npm may each send the first one
    };
    process.on('SIGINT', stop).on('SIGTERM', stop);
  });
}

async function run(told: Told): Promise<number> {
  const { options, texts, terminal } = told;
  const directory = resolve(options.data);
  const startedMs = performance.now();
  terminal?.line(terminal.style.bold(texts.banner));
  const nation = await Nation.start({ directory, basePort: options.port, eventStore: options.eventStore });
  const stopped = untilStopped(() => terminal?.line(texts.stopping));
  try {
    const setUp = new SetUp(nation, terminal, options.language);
    terminal?.line(setUp.isDone ? texts.resumed(options.data, nation.clock.now()) : texts.fresh(options.data));
    await setUp.run();
    terminal?.line(texts.ready(secondsOf(performance.now() - startedMs)));
    const asTheLawSays = !options.cases || (await playAll(nation, told));
    if (!options.exit) {
      showAddresses(nation, told);
      await stopped;
    }
    return asTheLawSays ? 0 : EXIT_FAILED;
  } finally {
    await nation.close();
  }
}

async function main(): Promise<void> {
  let options: Options;
  try {
    options = readOptions(process.argv.slice(2), process.env);
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
    process.exitCode = EXIT_USAGE;
    return;
  }
  const texts = mainTexts(options.language);
  if (options.help) {
    process.stdout.write(`${texts.usage}\n`);
    return;
  }
  try {
    process.exitCode = await run({ options, texts, terminal: options.json ? undefined : new Terminal(process.stdout, process.env) });
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
    process.exitCode = EXIT_FAILED;
  }
}

await main();
