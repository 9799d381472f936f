import { case1 } from './case-1-child-allowance.js';
import { case2 } from './case-2-single-parent.js';
import { case3 } from './case-3-sickness-allowance.js';
import { case4 } from './case-4-nursery-fees.js';
import { case5 } from './case-5-sheltering.js';
import { case6 } from './case-6-pension.js';
import { case7 } from './case-7-refusals.js';
import { case8 } from './case-8-bulk.js';
import { caseMore } from './case-more.js';
import type { Case } from './case.js';

/** The cases of the source document, in its order, and the other ways in which a query may end. */
export const CASES: readonly Case[] = [case1, case2, case3, case4, case5, case6, case7, case8, caseMore];
