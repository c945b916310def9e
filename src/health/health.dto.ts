import { ApiProperty } from '@nestjs/swagger';

export class AliveDto {
  @ApiProperty({ enum: ['ok'] })
  status!: 'ok';
}

export class EngineDto {
  /** @example tensorflow */
  name!: string;

  /**
   * Why this engine was chosen.
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
    description: 'Commit of the source code. Null if unknown.',
    example: '1eaec9c6f3f5b7d1c0c5a4e0a3b2d1f0e9c8b7a6',
  })
  commit!: string | null;
}

export class ReadyDto {
  /** `degraded`: the service accepts requests, but something does not work. */
  @ApiProperty({ enum: ['ok', 'degraded'] })
  status!: 'ok' | 'degraded';

  /** Each check and its result. */
  @ApiProperty({
    type: 'object',
    additionalProperties: { type: 'string', enum: ['up', 'down'] },
    example: { database: 'up', storage: 'up' },
  })
  checks!: Record<string, string>;

  /** What does not work. One sentence for each problem. */
  @ApiProperty({ example: [] })
  degraded!: string[];

  /** The engine that trains. */
  @ApiProperty()
  engine!: EngineDto;

  /** Version and commit of the service. */
  @ApiProperty()
  build!: BuildDto;
}
