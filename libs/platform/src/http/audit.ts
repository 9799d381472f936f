import { METHOD_METADATA, PATH_METADATA, ROUTE_ARGS_METADATA } from '@nestjs/common/constants.js';
import { RouteParamtypes } from '@nestjs/common/enums/route-paramtypes.enum.js';
import { MetadataScanner, ModulesContainer } from '@nestjs/core';
import type { INestApplicationContext } from '@nestjs/common';
import { CALLERS_METADATA, type CallersAllowed } from '../tokens/callers.js';
import { compileValidator } from '../validation/compile.js';
import { type Class, isValidated } from '../validation/json-schema.js';

const PARAMETER_NAMES: Readonly<Record<number, string>> = { [RouteParamtypes.BODY]: 'body', [RouteParamtypes.QUERY]: 'query', [RouteParamtypes.PARAM]: 'path' };

/**
 * Looks at every route of an app before it listens: each says who may call it, and each body, query and path has a class
 * that compiles. Throws an Error that lists what is missing.
 */
export function auditRoutes(app: INestApplicationContext, verifiesTokens: boolean): void {
  const scanner = new MetadataScanner();
  const findings: string[] = [];
  for (const module of app.get(ModulesContainer).values()) {
    for (const { metatype } of module.controllers.values()) {
      if (typeof metatype !== 'function') continue;
      const prototype = metatype.prototype as Record<string, unknown>;
      for (const name of scanner.getAllMethodNames(prototype)) {
        const handler = prototype[name];
        if (typeof handler !== 'function' || !Reflect.hasMetadata(PATH_METADATA, handler) || !Reflect.hasMetadata(METHOD_METADATA, handler)) continue;
        findings.push(...auditHandler(metatype as Class, name, handler, verifiesTokens));
      }
    }
  }
  if (findings.length > 0) throw new Error(`routes are not as they must be:\n${findings.join('\n')}`);
}

function auditHandler(controller: Class, name: string, handler: object, verifiesTokens: boolean): string[] {
  const route = `${controller.name}.${name}`;
  const findings: string[] = [];
  const allowed = (Reflect.getMetadata(CALLERS_METADATA, handler) ?? Reflect.getMetadata(CALLERS_METADATA, controller)) as CallersAllowed | undefined;
  if (!allowed) findings.push(`${route} says neither Callers nor OpenToAnyone`);
  if (allowed && allowed !== 'anyone' && !verifiesTokens) findings.push(`${route} needs tokens, but the app has no verifier`);
  const types = (Reflect.getMetadata('design:paramtypes', controller.prototype as object, name) ?? []) as readonly unknown[];
  const parameters = (Reflect.getMetadata(ROUTE_ARGS_METADATA, controller, name) ?? {}) as Readonly<
    Record<string, { readonly index: number; readonly data?: unknown }>
  >;
  for (const [key, { index, data }] of Object.entries(parameters)) {
    const parameter = PARAMETER_NAMES[Number(key.split(':')[0])];
    if (parameter === undefined) continue;
    const type = types[index];
    if (data !== undefined) findings.push(`${route}: takes a part of the ${parameter}: take the whole with a class, so that it is checked`);
    else if (!isValidated(type)) findings.push(`${route}: the ${parameter} has no class with validation decorators`);
    else compileValidator(type);
  }
  return findings;
}
