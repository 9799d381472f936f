import type { FastifyInstance } from 'fastify';

/** The routes of an app by template, to tell 405 from 404. */
export class Routes {
  readonly #templates: { readonly parts: readonly string[]; readonly methods: readonly string[] }[] = [];

  /** Learns every route that is added to the instance from now on. */
  follow(instance: FastifyInstance): void {
    instance.addHook('onRoute', ({ url, method }) => {
      this.#templates.push({ parts: url.split('/'), methods: typeof method === 'string' ? [method] : method });
    });
  }

  /** Methods that some route takes at this path, sorted. */
  methodsOf(target: string): readonly string[] {
    const parts = (target.split('?', 1)[0] ?? '').split('/');
    const methods = this.#templates.filter((template) => matches(template.parts, parts)).flatMap((template) => template.methods);
    return [...new Set(methods)].sort();
  }
}

function matches(template: readonly string[], parts: readonly string[]): boolean {
  if (template.at(-1) === '*') return parts.length >= template.length && matches(template.slice(0, -1), parts.slice(0, template.length - 1));
  if (template.length !== parts.length) return false;
  return template.every((part, index) => (part.startsWith(':') ? parts[index] !== '' : part === parts[index]));
}
