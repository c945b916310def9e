import { ApiProperty } from '@nestjs/swagger';
import { scopes, type Scope } from '../config/api-key-list.js';

export class CallerLimitsDto {
  @ApiProperty({
    type: 'integer',
    nullable: true,
    description:
      'Requests a minute, of this key or, without keys, of the address (`WELLFORMED_RATE_LIMIT`). Null: as many as you like.',
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

/** Who calls, and what they may do. */
export class WhoAmIDto {
  /** Whether the service runs without API keys: then everybody may do everything. */
  @ApiProperty({ example: false })
  anonymous!: boolean;

  @ApiProperty({
    type: String,
    nullable: true,
    description: 'Name of the key in use. Null where the service runs without keys.',
    example: 'teacher',
  })
  name!: string | null;

  @ApiProperty({
    enum: scopes,
    isArray: true,
    description: 'What the caller may do. `admin` includes the other scopes, which are then listed too.',
    example: ['predict', 'train'],
  })
  scopes!: readonly Scope[];

  @ApiProperty()
  limits!: CallerLimitsDto;
}
