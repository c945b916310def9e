import { ApiProperty } from '@nestjs/swagger';
import { scopes, type Scope } from '../config/api-key-list.js';

export class CallerLimitsDto {
  @ApiProperty({
    type: 'integer',
    nullable: true,
    description:
      'Number of requests per minute that this key may send, or this address if the service runs without keys (`WELLFORMED_RATE_LIMIT`). Null: no limit.',
    example: 600,
  })
  requestsPerMinute!: number | null;

  /**
   * Largest JSON or text body, in bytes. A stream of sentences may be longer.
   * @example 1048576
   */
  @ApiProperty({ type: 'integer' })
  bodyBytes!: number;

  /**
   * Largest file of labelled sentences, in bytes.
   * @example 1073741824
   */
  @ApiProperty({ type: 'integer' })
  uploadBytes!: number;
}

/** The caller and what they may do. */
export class WhoAmIDto {
  /** Whether the service runs without API keys. Then everybody may do everything. */
  @ApiProperty({ example: false })
  anonymous!: boolean;

  @ApiProperty({
    type: String,
    nullable: true,
    description: 'Name of the key in use. Null if the service runs without keys.',
    example: 'teacher',
  })
  name!: string | null;

  @ApiProperty({
    enum: scopes,
    isArray: true,
    description: 'Scopes of the caller. `admin` includes the other scopes, which the list then has too.',
    example: ['predict', 'train'],
  })
  scopes!: readonly Scope[];

  @ApiProperty()
  limits!: CallerLimitsDto;
}
