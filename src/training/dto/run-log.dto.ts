import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { IsOptional, Matches } from 'class-validator';
import { WholeNumberField } from '../../api/number-fields.js';
import { KEPT, LONGEST_LINE, runLogSources, type RunLogLine, type RunLogSource } from '../run-log.js';

const CURSOR_PATTERN = /^\d{1,15}$/;

export class RunLogQuery {
  @WholeNumberField({
    description: 'Largest number of lines in the answer.',
    min: 1,
    max: KEPT.first + KEPT.last,
    default: 200,
  })
  limit: number = 200;

  @ApiPropertyOptional({
    pattern: CURSOR_PATTERN.source,
    description:
      '`nextCursor` of the page before, or the `sequence` of any line: the lines after it come. Leave it out for the first page.',
  })
  @IsOptional()
  @Matches(CURSOR_PATTERN, { message: 'cursor must be the nextCursor of an earlier page, or a sequence' })
  cursor?: string;
}

export class RunLogLineDto {
  @ApiProperty({
    type: 'integer',
    minimum: 1,
    description: 'Counts the lines of the run. A gap shows where lines were not kept.',
    example: 3,
  })
  sequence!: number;

  @ApiProperty({
    type: 'integer',
    minimum: 1,
    description: 'The attempt that it belongs to. 0: before the first.',
    example: 1,
  })
  attempt!: number;

  @ApiProperty({ format: 'date-time', example: '2026-11-20T10:20:31.734Z' })
  createdAt!: string;

  @ApiProperty({
    enum: runLogSources,
    description: 'The service, or an output of the training process.',
    example: 'service',
  })
  source!: RunLogSource;

  @ApiProperty({
    maxLength: LONGEST_LINE,
    description: 'Without line ends and control characters. The end of a longer line is cut off.',
    example: 'Engine: TensorFlow 2.15.1 on the CPU. Native TensorFlow is installed.',
  })
  text!: string;

  static of({ sequence, attempt, createdAt, source, text }: RunLogLine): RunLogLineDto {
    return { sequence, attempt, createdAt: createdAt.toISOString(), source, text };
  }
}

export class RunLogPageDto {
  @ApiProperty({ type: [RunLogLineDto], description: 'Oldest first.' })
  items!: RunLogLineDto[];

  @ApiProperty({
    type: String,
    nullable: true,
    description: 'Send it as `cursor` for the next page; null where there is no further line yet.',
    example: null,
  })
  nextCursor!: string | null;
}
