import { describe, it } from '@jest/globals';
import { scenario } from '#libs/kernel';
import type { Opening, OpeningEvent } from './matrix.events.js';
import { openingDecider } from './opening.decider.js';

const { given } = scenario(openingDecider);
const opening = (from: string, stage: 'trial' | 'full', ...items: string[]): Opening => ({
  class: 'pension-service',
  from,
  stage,
  items,
  certainty: 'inferred',
  source: 'test',
});
const opened = (data: Opening): OpeningEvent => ({ type: 'OperationOpened', data });
const trial = opening('2019-06-17', 'trial', '35', '48');

describe('opening operation to a class of agencies', () => {
  it('opens items from a day on', () => given().when({ type: 'OpenOperation', data: trial }).then(opened(trial)));
  it('opens them once', () => given(opened(trial)).when({ type: 'OpenOperation', data: trial }).then());
  it('opens only what is not open by then', () =>
    given(opened(trial))
      .when({ type: 'OpenOperation', data: opening('2019-06-18', 'trial', '35', '117', '117') })
      .then(opened(opening('2019-06-18', 'trial', '117'))));
  it('goes from trial to full operation', () =>
    given(opened(trial))
      .when({ type: 'OpenOperation', data: opening('2019-07-01', 'full', '35') })
      .then(opened(opening('2019-07-01', 'full', '35'))));
  it('takes an earlier day', () =>
    given(opened(trial))
      .when({ type: 'OpenOperation', data: opening('2019-01-01', 'trial', '35') })
      .then(opened(opening('2019-01-01', 'trial', '35'))));
  it('refuses a day that is none', () =>
    given()
      .when({ type: 'OpenOperation', data: opening('2019-06-31', 'trial', '35') })
      .thenRejects('INVALID_INPUT'));
  it('refuses no items', () =>
    given()
      .when({ type: 'OpenOperation', data: opening('2019-06-17', 'trial') })
      .thenRejects('INVALID_INPUT'));
});
