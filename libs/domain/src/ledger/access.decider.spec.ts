import { it } from '@jest/globals';
import { scenario } from '#libs/kernel';
import { accessDecider } from './access.decider.js';

const { given } = scenario(accessDecider);
const data = { auditor: 'board-of-audit', from: 0, to: 256 };

it('records every reading of an auditor’s', () => given().when({ type: 'RecordAccess', data }).then({ type: 'EntriesRead', data }));
