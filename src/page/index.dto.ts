/** The entry point for programs. */
export class IndexDto {
  /** @example wellformed */
  name!: string;
  /** @example 0.1.0 */
  version!: string;
  /** The OpenAPI document. @example /openapi.json */
  openapi!: string;
  /** The same document as a web page. @example /docs */
  documentation!: string;
  /** The main routes, by purpose. */
  routes!: Record<string, string>;
}
