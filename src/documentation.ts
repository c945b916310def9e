import { readFileSync } from 'node:fs';
import type { INestApplication } from '@nestjs/common';
import { DocumentBuilder, SwaggerModule, type OpenAPIObject } from '@nestjs/swagger';
import type { FastifyInstance, RouteOptions } from 'fastify';
import { SCOPES_EXTENSION, type AccessConfig } from './auth/access.js';
import { ApiKeys } from './auth/api-keys.js';
import { buildInfo } from './common/build-info.js';
import { completeDocument } from './document-completion.js';
import { withPolicy, type PagesConfig } from './http/browser-protection.js';

const { description, license } = JSON.parse(
  readFileSync(new URL('../package.json', import.meta.url), 'utf8'),
) as { description: string; license: string };

/**
 * Creates the OpenAPI document of the whole service. It is complete only in a build, where a compiler plugin
 * reads the doc comments.
 */
export function createDocument(app: INestApplication): OpenAPIObject {
  const config = new DocumentBuilder()
    .setTitle('Wellformed')
    .setVersion(buildInfo.version)
    .setDescription(
      `${description}\n\nUpload labelled sentences, train, watch the run, then judge. Errors are problem details ` +
        '(RFC 9457): `detail` and `errors` say what to do. If the service requires API keys, a key needs one of the scopes ' +
        `that an operation names in \`${SCOPES_EXTENSION}\`.`,
    )
    .setLicense(license, `https://spdx.org/licenses/${license}.html`)
    .addBearerAuth(
      { type: 'http', scheme: 'bearer', bearerFormat: 'API key', description: 'An API key, wf_…' },
      'bearer',
    )
    .addApiKey({ type: 'apiKey', in: 'header', name: 'X-API-Key', description: 'The same key' }, 'header')
    .addTag('datasets', 'Labelled sentences: upload, report, read')
    .addTag('training', 'Fine-tune a model, and follow the run')
    .addTag('models', 'Versions, their files, aliases and evaluations')
    .addTag('predictions', 'Judge sentences')
    .addTag('webhooks', 'Messages when a run ends, and their delivery')
    .addTag('operations', 'Health, metrics, and the key in use')
    .build();
  const document = completeDocument(SwaggerModule.createDocument(app, config));
  return withSecurity(document, app.get(ApiKeys).areRequired);
}

/** Accepts either header for the key, and none if no keys are required. */
function withSecurity(document: OpenAPIObject, areKeysRequired: boolean): OpenAPIObject {
  const security = [{ bearer: [] }, { header: [] }, ...(areKeysRequired ? [] : [{}])];
  for (const path of Object.values(document.paths)) {
    for (const operation of Object.values(path)) {
      if (isOperation(operation) && SCOPES_EXTENSION in operation) Object.assign(operation, { security });
    }
  }
  return document;
}

function isOperation(item: unknown): item is object {
  return typeof item === 'object' && item !== null && 'responses' in item;
}

/** Serves Swagger UI at /docs and the document at /openapi.json. */
export function serveDocument(app: INestApplication): void {
  const fastify = app.getHttpAdapter().getInstance() as FastifyInstance;
  fastify.addHook('onRoute', (route) => {
    if (/^\/(docs(\/.*)?|openapi\.json)$/.test(route.url)) markAsDocumentation(route);
  });
  SwaggerModule.setup('docs', app, () => withCommit(createDocument(app)), {
    jsonDocumentUrl: 'openapi.json',
    raw: ['json'],
    customSiteTitle: 'Wellformed',
    swaggerOptions: { displayRequestDuration: true, tryItOutEnabled: true },
  });
}

/** Adds the commit. The committed file cannot have it, because it is part of that commit. */
function withCommit(document: OpenAPIObject): OpenAPIObject {
  const info = { ...document.info, 'x-commit': buildInfo.commit };
  return { ...document, info };
}

/**
 * Content security policy for Swagger UI. It allows the UI's own scripts, and inline styles because the UI
 * writes them.
 */
const SWAGGER_POLICY = withPolicy(
  "script-src 'self'",
  "style-src 'self' 'unsafe-inline'",
  "img-src 'self' data:",
  "connect-src 'self'",
);

function markAsDocumentation(route: RouteOptions): void {
  const config: AccessConfig & PagesConfig = { access: { area: 'docs' }, policy: SWAGGER_POLICY };
  route.config = Object.assign(route.config ?? {}, config);
}
