import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { decodeHashes } from '../batch/batch-proof.js';
import { nobleHasher } from '../hashing/noble-hasher.js';
import { parseCheckpoint } from '../notes/checkpoint.js';
import { parseNote } from '../notes/signed-note.js';
import { verifyInclusion } from '../tree/verify-proofs.js';
import { FixtureLog } from './bundle.fixture.js';
import { OrderedInclusion } from './ordered-inclusion.js';

const leafOf = (text: string): Uint8Array => nobleHasher.leaf(new TextEncoder().encode(text));

describe('inclusion in order', () => {
  it('says of each leaf what verifying its path alone says, whatever is wrong with some', () => {
    const size = fc.integer({ min: 1, max: 70 });
    const asked = fc.array(
      fc.record({ at: fc.nat(), wrong: fc.constantFrom('no', 'no', 'no', 'leaf', 'index', 'step', 'longer', 'shorter', 'far'), step: fc.nat() }),
      { maxLength: 30 },
    );
    fc.assert(
      fc.property(size, asked, fc.boolean(), (leaves, questions, sorted) => {
        const log = new FixtureLog('core');
        for (let leaf = 0; leaf < leaves; leaf += 1) log.add(`${leaf}`);
        const { log: told, entries } = log.bundled([...log.entries.keys()]);
        const nodes = decodeHashes(told.nodes) ?? [];
        const head = parseCheckpoint(parseNote(told.checkpoint)?.text ?? '');
        if (!head) throw new Error('the fixture has no checkpoint');
        const ordered = new OrderedInclusion(nobleHasher, nodes, head);
        const all = questions.map((question) => ({ ...question, at: question.at % leaves }));
        for (const { at, wrong, step } of sorted ? all.sort((a, b) => a.at - b.at) : all) {
          const { bytes, path: right } = entries[at] as (typeof entries)[number];
          const path = [...right];
          if (wrong === 'step' && path.length > 0) path[step % path.length] = step % nodes.length;
          if (wrong === 'longer') path.push(0);
          if (wrong === 'shorter') path.pop();
          const leaf = leafOf(wrong === 'leaf' ? 'another' : bytes);
          const index = wrong === 'index' ? step % leaves : wrong === 'far' ? leaves + step : at;
          const proof = path.map((place) => nodes[place]).filter((node) => node !== undefined);
          const expected = proof.length === path.length && verifyInclusion(nobleHasher, leaf, index, head.size, proof, head.root);
          expect(ordered.includes(leaf, index, path)).toBe(expected);
        }
      }),
      { numRuns: 200 },
    );
  });
});
