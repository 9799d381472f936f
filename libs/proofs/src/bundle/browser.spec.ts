import { readFileSync } from 'node:fs';
import { isBuiltin } from 'node:module';
import { dirname, join } from 'node:path';
import vm from 'node:vm';
import { describe, expect, it } from '@jest/globals';
import { trueBundle } from './bundle.fixture.js';
import { verifyBundle } from './verify-bundle.js';

/** Where a module's import leads, within what was built and the packages that a browser would be given. */
function resolved(specifier: string, from: string): string {
  if (isBuiltin(specifier) || specifier.startsWith('node:')) throw new Error(`${from} imports ${specifier}: no browser has it`);
  if (specifier.startsWith('.')) return join(dirname(from), specifier);
  const lib = /^#libs\/([a-z-]+)$/.exec(specifier)?.[1];
  if (lib !== undefined) return join('dist/libs', lib, 'src/index.js');
  const found = /^(@noble\/[a-z]+)\/([a-z0-9]+\.js)$/.exec(specifier);
  if (found) return join('node_modules', ...(found.slice(1) as [string, string]));
  throw new Error(`${from} imports ${specifier}: it is not among what a browser is given`);
}

/** Loads a module, and all that it imports, into a context that has standard JavaScript and what every browser has besides. */
async function loadedInBrowser(
  entry: string,
): Promise<{ readonly namespace: Record<string, unknown>; readonly modules: number; readonly context: vm.Context }> {
  const context = vm.createContext({ TextEncoder, TextDecoder, atob, btoa });
  const modules = new Map<string, vm.SourceTextModule>();
  const moduleAt = (path: string): vm.SourceTextModule => {
    const found = modules.get(path) ?? new vm.SourceTextModule(readFileSync(path, 'utf8'), { context, identifier: path });
    modules.set(path, found);
    return found;
  };
  const root = moduleAt(entry);
  await root.link((specifier, { identifier }) => moduleAt(resolved(specifier, identifier)));
  await root.evaluate();
  return { namespace: root.namespace as Record<string, unknown>, modules: modules.size, context };
}

describe('in a browser', () => {
  it('the verifier runs, and finds what it finds on Node', async () => {
    const { namespace, modules, context } = await loadedInBrowser('dist/libs/proofs/src/index.js');
    const missing = "['process', 'Buffer', 'require', 'setImmediate', 'global', 'crypto'].filter((name) => name in globalThis)";
    expect(vm.runInContext(missing, context)).toEqual([]);
    expect(modules).toBeGreaterThan(20);
    const verify = namespace['verifyBundle'] as typeof verifyBundle;
    const text = JSON.stringify(trueBundle());
    expect(JSON.stringify(verify(text))).toBe(JSON.stringify(verifyBundle(text)));
    expect(verify(new TextEncoder().encode(text)).outcome).toBe('verified');
    expect(verify(text.replace('2020-05-08', '2020-05-07')).outcome).toBe('failed');
    expect(verify('[]').outcome).toBe('refused');
  });
});
