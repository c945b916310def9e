import type { OpenAPIObject } from '@nestjs/swagger';

type Components = NonNullable<OpenAPIObject['components']>;
type Link = NonNullable<Components['links']>[string];

/**
 * Adds links to a response in the OpenAPI document: what its values can be used for next.
 * @param operations names of controller methods, such as `DatasetsController.get`
 * @param parameters of those operations, as runtime expressions: `{ id: '$response.body#/id' }`
 */
export function linksTo(
  operations: readonly string[],
  parameters: Readonly<Record<string, string>>,
): Record<string, Link> {
  return Object.fromEntries(
    operations.map((operation) => {
      const operationId = operation.replace('.', '_');
      return [operationId, { operationId, parameters: { ...parameters } }];
    }),
  );
}
