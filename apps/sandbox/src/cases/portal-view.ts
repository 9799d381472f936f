import type { DisclosedExchange, Page } from '#libs/read-models';
import { nameOf, theCast } from '../cast/agencies.js';
import { informationName } from '../cast/law.js';
import type { Person } from '../cast/people.js';
import { PortalIdentifiers } from '../setup/set-up.js';
import { type Stage, timeOfDay } from './stage.js';
import { portalTexts } from './portal-view.texts.js';

const ROWS_SHOWN = 5;
const PAGE_LIMIT = 50;

/** What the disclosure portal (マイナポータル) shows a person of the central record; sealed exchanges are not in it. */
export async function viewOf(stage: Stage, person: Person): Promise<readonly DisclosedExchange[]> {
  const body = { holder: theCast().portal.code, identifier: PortalIdentifiers.of(stage.nation, person), limit: PAGE_LIMIT };
  const page = await stage.nation.portal().call<Page<DisclosedExchange>>({ method: 'POST', path: '/disclosures', body, idempotent: true });
  return page.rows;
}

/** The same, told on the stage. */
export async function showView(stage: Stage, person: Person): Promise<readonly DisclosedExchange[]> {
  const texts = portalTexts(stage.language);
  const rows = await viewOf(stage, person);
  const name = (code: string): string => nameOf(code, stage.language);
  const lines = rows
    .slice(0, ROWS_SHOWN)
    .map((row) =>
      texts.row(
        timeOfDay(row.requestedAt),
        name(row.requester),
        name(row.provider),
        informationName(row.information, stage.language),
        texts.outcome(row.status),
      ),
    );
  stage.tell('note', texts.title(person.name[stage.language]), lines.length === 0 ? [texts.nothing] : lines);
  return rows;
}
