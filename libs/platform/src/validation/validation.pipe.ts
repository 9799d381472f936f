import { type ArgumentMetadata, Injectable, type PipeTransform } from '@nestjs/common';
import { InvalidInput } from './field-problem.js';
import { compileValidator } from './compile.js';
import { type Class, isValidated, type JsonSchema } from './json-schema.js';

const WHOLE_NUMBER = /^-?(?:0|[1-9][0-9]{0,15})$/;

/** The value that a text of a query or path stands for, where the schema wants other than a string. */
function fromText(value: unknown, schema: JsonSchema): unknown {
  if (schema.items !== undefined) return (Array.isArray(value) ? (value as unknown[]) : [value]).map((item) => fromText(item, schema.items ?? {}));
  if (typeof value !== 'string') return value;
  if ((schema['type'] === 'integer' || schema['type'] === 'number') && WHOLE_NUMBER.test(value)) return Number(value);
  if (schema['type'] === 'boolean' && (value === 'true' || value === 'false')) return value === 'true';
  return value;
}

/**
 * Checks every body, query and path that a handler declares with a DTO class, with the validator compiled from that
 * class; the handler gets the plain object. Throws InvalidInput (400).
 */
@Injectable()
export class CompiledValidationPipe implements PipeTransform {
  transform(value: unknown, { type, metatype, data }: ArgumentMetadata): unknown {
    if (type === 'custom' || data !== undefined || !isValidated(metatype)) return value;
    const validator = compileValidator(metatype as Class);
    let input = value;
    if (type !== 'body') {
      const properties = validator.schema.properties ?? {};
      input = Object.fromEntries(Object.entries((value ?? {}) as object).map(([name, text]) => [name, fromText(text, properties[name] ?? {})]));
    }
    if (validator.accepts(input)) return input;
    throw new InvalidInput(validator(input));
  }
}
