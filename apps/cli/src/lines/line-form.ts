import type { LineProblem } from '#libs/agency-sdk';
import { DomainError } from '#libs/kernel';

export type FieldKind = 'text' | 'flag' | 'object';

/** One field of a line, and the column of the same name. */
export interface FieldForm {
  readonly name: string;
  readonly kind: FieldKind;
  readonly required: boolean;
  /** Throws DomainError where the text has not the form; the server looks at all the rest. */
  readonly check?: (text: string, field: string) => unknown;
}
/** The fields of the lines of a file. */
export type LineForm = readonly FieldForm[];

export type Fields = Readonly<Record<string, unknown>>;
export type LineVerdict = { readonly ok: true; readonly fields: Fields } | { readonly ok: false; readonly problem: LineProblem };

export const refusedLine = (detail: string, rule: string, field?: string, code = 'INVALID_INPUT'): LineVerdict => ({
  ok: false,
  problem: { code, kind: 'invalid', detail, rule, ...(field === undefined ? {} : { field }) },
});

const FIELD_CHARACTERS_MAX = 1_000;
const nameable = (name: string): string => (/^[A-Za-z][A-Za-z0-9_-]{0,39}$/.test(name) ? name : '(unnamed)');

function checkField({ name, kind, check }: FieldForm, value: unknown): LineVerdict | undefined {
  switch (kind) {
    case 'flag':
      return typeof value === 'boolean' ? undefined : refusedLine(`${name} must be true or false`, 'true or false', name);
    case 'object':
      return typeof value === 'object' && value !== null && !Array.isArray(value) ? undefined : refusedLine(`${name} must be an object`, 'an object', name);
    case 'text':
      if (typeof value !== 'string') return refusedLine(`${name} must be a text`, 'a text', name);
      if (value.length > FIELD_CHARACTERS_MAX) return refusedLine(`${name} is longer than ${FIELD_CHARACTERS_MAX} characters`, 'length', name);
      return checkText(name, value, check);
  }
}

function checkText(name: string, value: string, check: FieldForm['check']): LineVerdict | undefined {
  try {
    check?.(value, name);
    return undefined;
  } catch (error) {
    if (!(error instanceof DomainError)) throw error;
    return refusedLine(error.message, error.at.rule ?? 'form', name, error.code);
  }
}

/** Checks what a line says against its form; `defaults` stand in for what it leaves out. */
export function checkLine(form: LineForm, given: Fields, defaults: Fields): LineVerdict {
  const unknown = Object.keys(given).find((name) => !form.some((field) => field.name === name));
  if (unknown !== undefined) return refusedLine(`${nameable(unknown)} is no field of a line`, 'known fields', nameable(unknown));
  const fields: Record<string, unknown> = {};
  for (const field of form) {
    const value = given[field.name] ?? defaults[field.name];
    if (value === undefined) {
      if (field.required) return refusedLine(`${field.name} is missing`, 'given', field.name);
      continue;
    }
    const problem = checkField(field, value);
    if (problem !== undefined) return problem;
    fields[field.name] = value;
  }
  return { ok: true, fields };
}
