import { ApiPropertyOptional } from '@nestjs/swagger';
import { IsInt, IsOptional, Max, Min } from 'class-validator';

export class RunMetricsQuery {
  @ApiPropertyOptional({
    type: 'integer',
    minimum: 2,
    maximum: 10_000,
    default: 1000,
    description:
      'How many points to give at most: of a longer curve so many, evenly spread, its first and last among them.',
  })
  @IsOptional()
  @IsInt()
  @Min(2)
  @Max(10_000)
  points: number = 1000;
}
