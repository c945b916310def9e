import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { Transform } from 'class-transformer';
import { IsIn, IsOptional, IsString, MaxLength } from 'class-validator';
import { WholeNumberField } from '../../api/number-fields.js';
import type { NumberedRow } from '../datasets.service.js';

export class RowsQuery {
  @WholeNumberField({ description: 'Largest number of rows in the answer.', min: 1, max: 100, default: 20 })
  limit: number = 20;

  /** `nextCursor` of the previous page. Leave it out for the first page. */
  @IsOptional()
  @IsString()
  @MaxLength(64)
  cursor?: string;

  @ApiPropertyOptional({
    type: 'integer',
    enum: [0, 1],
    description: 'Only rows with this label.',
  })
  @IsOptional()
  @Transform(({ value }: { value: unknown }) => (value === '0' || value === '1' ? Number(value) : value))
  @IsIn([0, 1])
  label?: 0 | 1;

  /** Only rows with this text in the sentence or its source. Case does not matter. */
  @IsOptional()
  @IsString()
  @MaxLength(200)
  search?: string;
}

export class RowDto {
  /**
   * Number of the row in the data set, from 1.
   * @example 1
   */
  @ApiProperty({ type: 'integer' })
  row!: number;

  /** 1: acceptable. 0: unacceptable. */
  @ApiProperty({ type: 'integer', enum: [0, 1], example: 1 })
  label!: 0 | 1;

  /** @example 'The cat sat on the mat.' */
  sentence!: string;

  /**
   * CoLA's first column: where the sentence comes from. Null if the file has no such column.
   * @example gj04
   */
  @ApiProperty({ type: String, nullable: true })
  source!: string | null;

  /**
   * CoLA's third column: the mark of the sentence's author, such as a star. Null if the file has no such column.
   * @example '*'
   */
  @ApiProperty({ type: String, nullable: true })
  mark!: string | null;

  static of({ row, label, sentence, source, mark }: NumberedRow): RowDto {
    return Object.assign(new RowDto(), { row, label, sentence, source: source || null, mark: mark || null });
  }
}

export class RowPageDto {
  @ApiProperty({ type: () => [RowDto] })
  items!: RowDto[];

  /** Value of `cursor` for the next page. Null on the last page. */
  @ApiProperty({ type: String, nullable: true })
  nextCursor!: string | null;
}
