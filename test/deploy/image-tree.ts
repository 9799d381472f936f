import { cpSync, mkdirSync, readdirSync, rmSync, symlinkSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { stages } from './compose-file.js';
import { repositoryFiles, ROOT, read, run } from './support.js';

interface Copy {
  readonly fromBuild: boolean;
  readonly sources: readonly string[];
  readonly to: string;
}

/** The COPY lines of a stage, in order. */
export function copies(stage: string): Copy[] {
  const { lines } = stages().find(({ name }) => name === stage) ?? { lines: [] };
  return lines.flatMap((line) => {
    if (!line.startsWith('COPY ')) return [];
    const words = line.slice(5).split(/\s+/);
    const paths = words.filter((word) => !word.startsWith('--'));
    return [{ fromBuild: words.includes('--from=build'), sources: paths.slice(0, -1), to: paths.at(-1) ?? '' }];
  });
}

/** What .dockerignore lets through, of the patterns that it uses: the last line that fits decides. */
export function isInContext(path: string): boolean {
  let kept = true;
  for (const line of read('.dockerignore').split('\n')) {
    if (line === '' || line.startsWith('#')) continue;
    const pattern = line.replace(/^!/, '');
    const expression = pattern
      .split('/')
      .map((part) => (part === '**' ? '(?:.*/)?' : `${part.replace(/[.]/g, '\\.').replaceAll('*', '[^/]*')}/`))
      .join('')
      .replace(/\/$/, '');
    if (new RegExp(`^${expression}(?:/.*)?$`).test(path)) kept = line.startsWith('!');
  }
  return kept;
}

/**
 * Lays down below `directory` what an image of this target holds, by the lines of the Dockerfile itself: its build stage is
 * run in `build/` (dependencies are a link to those installed here), the runtime stages copy from there into `image/`.
 */
export function layImage(directory: string, target: string): string {
  const [build, image] = [join(directory, 'build'), join(directory, 'image')];
  for (const { sources, to } of copies('build')) {
    for (const path of repositoryFiles(...sources).filter(isInContext)) {
      const place = sources.length > 1 || to.endsWith('/') ? join(build, to, basename(path)) : join(build, path);
      mkdirSync(dirname(place), { recursive: true });
      cpSync(join(ROOT, path), place);
    }
  }
  symlinkSync(join(ROOT, 'node_modules'), join(build, 'node_modules'));
  run(process.execPath, [join(build, 'deploy', 'workspace', 'build.mjs')], { cwd: build });
  for (const path of readdirSync(join(build, 'libs'), { recursive: true, encoding: 'utf8' })) {
    if (path.endsWith('.ts')) rmSync(join(build, 'libs', path));
  }
  mkdirSync(image);
  for (const stage of ['runtime', target]) {
    for (const { fromBuild, sources, to } of copies(stage)) {
      if (to.startsWith('/')) continue; // empty directories for volumes
      for (const source of sources) {
        const from = fromBuild ? join(build, source.replace(/^\/renkei\//, '')) : join(ROOT, source);
        const place = to.endsWith('/') ? join(image, to, basename(source)) : join(image, to);
        if (source.endsWith('/node_modules')) symlinkSync(join(ROOT, 'node_modules'), place);
        else cpSync(from, place, { recursive: true });
      }
    }
  }
  return image;
}
