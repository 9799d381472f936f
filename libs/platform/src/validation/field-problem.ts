import { DomainError } from '#libs/kernel';

/** What is wrong with one field. `field` is a path such as `persons[2].birthday`; `line` counts from 1. Never a value. */
export interface FieldProblem {
  readonly field: string;
  readonly rule: string;
  readonly message: string;
  readonly line?: number;
}

/** Input that breaks the shape asked for: 400, with every problem found (at most FIELD_PROBLEMS_MAX). */
export class InvalidInput extends DomainError {
  override readonly name = 'InvalidInput';
  constructor(
    readonly problems: readonly FieldProblem[],
    code = 'INVALID_INPUT',
  ) {
    const [first] = problems;
    const { field = 'body', rule = 'shape', message = 'is not as asked for', line } = first ?? {};
    super(code, 'invalid', `${field} ${message}`, { field, rule, ...(line === undefined ? {} : { line }) });
  }
}

/** Problems told of one object. */
export const FIELD_PROBLEMS_MAX = 20;
