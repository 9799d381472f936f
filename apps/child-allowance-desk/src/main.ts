import { createPublicKey } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { AgencyClient, fileDeadLetters, httpSource, kafkaDeadLetters, kafkaSource } from '#libs/agency-sdk';
import { VerificationKey } from '#libs/cryptography';
import { DomainError } from '#libs/kernel';
import { Terminal } from '#libs/terminal';
import { readApplications } from './application.js';
import { CaseFile, type DecidedCase } from './case-file.js';
import { Desk, type DeskTold } from './desk.js';
import { deskTexts } from './desk.texts.js';
import { readSettings, type Settings } from './settings.js';

const EXIT_FAILED = 1;
const EXIT_USAGE = 2;

const keyIdOf = (pem: string): string => new VerificationKey(createPublicKey(pem).export({ format: 'jwk' }).x as string).keyId;
const yen = (amount: number): string => amount.toLocaleString('en-US');

type Texts = ReturnType<typeof deskTexts>;
function sentenceOf({ decision, monthlyAmount, reason = '' }: DecidedCase, say: Texts): string {
  if (decision === 'to-a-clerk') return say.clerk(reason);
  return decision === 'allowance' ? say.allowance(yen(monthlyAmount)) : say.special(yen(monthlyAmount));
}

function toldTo(terminal: Terminal, say: Texts): DeskTold {
  return {
    sent: (queries) => terminal.line(say.sent(queries)),
    decided: (one) =>
      terminal.timeline([{ mark: one.decision === 'to-a-clerk' ? 'waiting' : 'done', title: say.decided(one.caseNumber, sentenceOf(one, say)) }]),
    waiting: (code) => terminal.line(terminal.style.yellow(say.waiting(code))),
    reading: () => terminal.line(terminal.style.dim(say.reading)),
    trouble: ({ code }) => terminal.line(terminal.style.yellow(say.trouble(code))),
    deadLetter: ({ code }) => terminal.line(terminal.style.red(say.deadLetter(code))),
    notice: ({ code }) => terminal.line(terminal.style.dim(say.notice(code))),
  };
}

/** Where the feed and its dead letters are, and how that is closed. */
function feedOf({ kafka, data, connection }: Settings, client: AgencyClient, caseFile: CaseFile) {
  if (kafka === undefined) {
    const source = httpSource({ client, cursor: caseFile.cursor, name: connection.server });
    return { source, deadLetters: fileDeadLetters(join(data, 'dead-letters.jsonl')), close: () => Promise.resolve(), where: connection.baseUrl };
  }
  const deadLetters = kafkaDeadLetters(kafka);
  return { source: kafkaSource(kafka), deadLetters, close: () => deadLetters.close(), where: kafka.topic };
}

async function run(settings: Settings): Promise<void> {
  const say = deskTexts(settings.language);
  const terminal = new Terminal(process.stdout, process.env);
  const stopping = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.once(signal, () => {
      terminal.line(say.stopping);
      stopping.abort();
    });
  }
  terminal.heading(say.banner);
  mkdirSync(settings.data, { recursive: true, mode: 0o700 });
  const caseFile = await CaseFile.open(join(settings.data, 'cases.sqlite'));
  const client = new AgencyClient(settings.connection);
  try {
    const taken = settings.applications === undefined ? 0 : await caseFile.take(readApplications(settings.applications), Date.now());
    const { cases, decided } = await caseFile.counts();
    terminal.line(say.taken(taken, cases, decided));
    const { source, deadLetters, close, where } = feedOf(settings, client, caseFile);
    terminal.line(say.source(where));
    const desk = new Desk({ caseFile, client, source, deadLetters, told: toldTo(terminal, say) });
    try {
      await desk.untilDone(stopping.signal);
      if (!settings.exit)
        await new Promise<void>((resolve) => (stopping.signal.aborted ? resolve() : stopping.signal.addEventListener('abort', () => resolve())));
    } finally {
      await desk.stop();
      await close();
    }
    const rows = (await caseFile.summary()).map(({ decision, cases: count, amount }) => [decision, String(count), yen(Number(amount))]);
    terminal.table({ head: [say.head('decision'), say.head('cases'), say.head('amount')], rows, right: [1, 2] });
    if (!stopping.signal.aborted) terminal.line(terminal.style.green(say.done));
  } finally {
    await client.close();
    await caseFile.close();
  }
}

try {
  const settings = readSettings(process.argv.slice(2), process.env, keyIdOf);
  if (settings.help) process.stdout.write(`${deskTexts(settings.language).usage}\n`);
  else await run(settings);
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = error instanceof DomainError && error.kind === 'invalid' ? EXIT_USAGE : EXIT_FAILED;
}
