import { ApiProperty } from '@nestjs/swagger';

export class AliveDto {
  @ApiProperty({ enum: ['ok'] })
  status!: 'ok';
}

export class EngineDto {
  /** @example tensorflow */
  name!: string;

  /**
   * Why this one.
   * @example 'native TensorFlow is prepared'
   */
  reason!: string;
}

export class BuildDto {
  /** @example 0.1.0 */
  version!: string;

  @ApiProperty({
    type: String,
    nullable: true,
    description: 'Commit of the source code. Null if it is not known.',
    example: '1eaec9c6f3f5b7d1c0c5a4e0a3b2d1f0e9c8b7a6',
  })
  commit!: string | null;
}

export class ReadyDto {
  /** `degraded`: requests are taken, but something does not work. */
  @ApiProperty({ enum: ['ok', 'degraded'] })
  status!: 'ok' | 'degraded';

  /** What was asked, and what it answered. */
  @ApiProperty({
    type: 'object',
    additionalProperties: { type: 'string', enum: ['up', 'down'] },
    example: { database: 'up', storage: 'up' },
  })
  checks!: Record<string, string>;

  /** What does not work, one sentence each. */
  @ApiProperty({ example: [] })
  degraded!: string[];

  /** What trains. */
  @ApiProperty()
  engine!: EngineDto;

  /** What runs. */
  @ApiProperty()
  build!: BuildDto;
}
