import type { OpenAPIObject } from '@nestjs/swagger';

type Components = NonNullable<OpenAPIObject['components']>;
type Link = NonNullable<Components['links']>[string];

/**
 * Says in the OpenAPI document what an answer can be used for next.
 * @param operations names of controllers' methods, such as `DatasetsController.get`
 * @param parameters of those, as runtime expressions: `{ id: '$response.body#/id' }`
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
