import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { DocumentBuilder, type OpenAPIObject, SwaggerModule } from '@nestjs/swagger';
import { PROBLEM_CONTENT_TYPE, ProblemResponse } from './problem.js';

export const DOCUMENTATION_PATH = 'docs';

/** The OpenAPI document of an app; every operation answers errors with ProblemResponse. */
export function documentOf(
  app: NestFastifyApplication,
  facts: { readonly title: string; readonly description: string; readonly version: string },
): OpenAPIObject {
  const config = new DocumentBuilder()
    .setOpenAPIVersion('3.0.3')
    .setTitle(facts.title)
    .setDescription(facts.description)
    .setVersion(facts.version)
    .addBearerAuth({
      type: 'http',
      scheme: 'bearer',
      bearerFormat: 'JWT',
      description: 'EdDSA, at most 60 s, bound to audience, method, path and body digest; used once',
    })
    .build();
  const document = SwaggerModule.createDocument(app, config, { extraModels: [ProblemResponse] });
  const problem = {
    description: 'A problem (RFC 9457)',
    content: { [PROBLEM_CONTENT_TYPE]: { schema: { $ref: '#/components/schemas/ProblemResponse' } } },
  };
  for (const path of Object.values(document.paths)) {
    for (const operation of Object.values(path) as { responses?: Record<string, unknown> }[]) {
      operation.responses = { ...operation.responses, default: problem };
    }
  }
  return document;
}

/** Swagger UI at /docs, from the files of its own package, and the document at /docs-json. */
export function serveDocumentation(
  app: NestFastifyApplication,
  facts: { readonly title: string; readonly description: string; readonly version: string },
): void {
  SwaggerModule.setup(DOCUMENTATION_PATH, app, () => documentOf(app, facts), {
    jsonDocumentUrl: `${DOCUMENTATION_PATH}-json`,
    raw: ['json'],
    swaggerOptions: { validatorUrl: null },
  });
}
