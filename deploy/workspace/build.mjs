// Compiles the workspace into dist/ (types are checked by `npm run check`, not here) and removes what no longer has a source.
import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, rmSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..');
const tsc = createRequire(import.meta.url).resolve('typescript/lib/tsc.js');

function removeStale(directory) {
  for (const entry of readdirSync(directory, { withFileTypes: true })) {
    const path = join(directory, entry.name);
    if (entry.isDirectory()) {
      removeStale(path);
      if (readdirSync(path).length === 0) rmSync(path, { recursive: true });
    } else if (path.endsWith('.js')) {
      const source = join(root, relative(join(root, 'dist'), path)).replace(/\.js$/, '.ts');
      if (!existsSync(source)) for (const file of [path, `${path}.map`]) rmSync(file, { force: true });
    }
  }
}

export function build() {
  execFileSync(process.execPath, [tsc, '-p', join(root, 'tsconfig.json'), '--noCheck', '--incremental', 'false'], { cwd: root, stdio: 'inherit' });
  removeStale(join(root, 'dist'));
}

if (process.argv[1] === fileURLToPath(import.meta.url)) build();
