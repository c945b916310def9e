import { readFileSync } from 'node:fs';
import type { INestApplication } from '@nestjs/common';
import { DocumentBuilder, SwaggerModule, type OpenAPIObject } from '@nestjs/swagger';

const { version, description, license } = JSON.parse(
  readFileSync(new URL('../package.json', import.meta.url), 'utf8'),
) as { version: string; description: string; license: string };

/** The OpenAPI document of the whole service. Complete only in a build: there a compiler plugin reads the doc comments. */
export function createDocument(app: INestApplication): OpenAPIObject {
  const config = new DocumentBuilder()
    .setTitle('Wellformed')
    .setVersion(version)
    .setDescription(
      `${description}\n\nUpload labelled sentences, train, watch the run, then judge. Errors are problem details ` +
        '(RFC 9457): `detail` and `errors` say what to do.',
    )
    .setLicense(license, `https://spdx.org/licenses/${license}.html`)
    .addTag('datasets', 'Labelled sentences: upload, report, read')
    .addTag('training', 'Fine-tune a model, and follow the run')
    .addTag('models', 'Versions, their files, aliases and evaluations')
    .addTag('predictions', 'Judge sentences')
    .addTag('operations', 'Health and metrics')
    .build();
  return SwaggerModule.createDocument(app, config);
}

/** Swagger UI at /docs, the document itself at /openapi.json. */
export function serveDocument(app: INestApplication): void {
  SwaggerModule.setup('docs', app, () => createDocument(app), {
    jsonDocumentUrl: 'openapi.json',
    raw: ['json'],
    customSiteTitle: 'Wellformed',
    swaggerOptions: { displayRequestDuration: true, tryItOutEnabled: true },
  });
}
