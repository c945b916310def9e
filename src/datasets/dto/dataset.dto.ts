import { ApiProperty } from '@nestjs/swagger';
import { entryWithRows } from '../catalogue/catalogue.js';
import { rowLayouts, type RowLayout } from '../../common/columns.js';
import type { Dataset, DatasetWarningKind } from '../dataset.js';
import { fileFormats, type FileFormat } from '../reading/file-format.js';
import { CatalogueEntryDto } from './catalogue.dto.js';

export class LengthBinDto {
  /** @example 8 */
  @ApiProperty({ type: 'integer' })
  from!: number;
  /**
   * Upper bound, included.
   * @example 9
   */
  @ApiProperty({ type: 'integer' })
  to!: number;
  /** @example 1432 */
  @ApiProperty({ type: 'integer' })
  rows!: number;
}

export class LengthStatisticsDto {
  /** @example 2 */
  @ApiProperty({ type: 'integer' })
  min!: number;
  /** @example 7.7 */
  mean!: number;
  /** @example 7 */
  @ApiProperty({ type: 'integer' })
  median!: number;
  /**
   * 95th percentile: 95 % of all sentences are no longer than this.
   * @example 14
   */
  @ApiProperty({ type: 'integer' })
  p95!: number;
  /** @example 42 */
  @ApiProperty({ type: 'integer' })
  max!: number;
  /**
   * A histogram of at most 20 bins of the same width. The last bin is wider: it ends at the longest sentence.
   * Absent for older data sets.
   */
  @ApiProperty({ type: () => [LengthBinDto], required: false })
  bins?: LengthBinDto[];
}

export class DatasetStatisticsDto {
  /** Format of the file. */
  @ApiProperty({ enum: fileFormats, example: 'tsv' })
  fileFormat!: FileFormat;

  /**
   * How its columns were identified: `cola` has CoLA's four columns, `header` a header row or the fields of
   * JSON objects. The others are two columns in this order.
   */
  @ApiProperty({ enum: rowLayouts, example: 'cola' })
  format!: RowLayout;

  /** Lengths in words. A word is a run of characters without white space. */
  @ApiProperty()
  words!: LengthStatisticsDto;

  /** Lengths in characters (Unicode code points). */
  @ApiProperty()
  characters!: LengthStatisticsDto;
}

export class DatasetWarningDto {
  @ApiProperty({
    enum: [
      'missing-class',
      'skewed-classes',
      'other-language',
      'quoted-fields',
      'conflicting-labels',
      'duplicate-sentences',
      'near-duplicates',
      'byte-order-marks',
      'invisible-characters',
      'damaged-characters',
      'html-entities',
      'line-breaks',
      'long-sentences',
      'duplicates-not-fully-checked',
    ] satisfies DatasetWarningKind[],
    example: 'duplicate-sentences',
  })
  kind!: DatasetWarningKind;

  /**
   * What was found, and what to do about it.
   * @example '3 row(s) repeat an earlier sentence. …'
   */
  message!: string;

  /**
   * Number of rows that the warning is about.
   * @example 3
   */
  @ApiProperty({ type: 'integer' })
  count!: number;

  /**
   * Line numbers of the first ten of these rows in the uploaded file, from 1.
   * @example [17, 204, 1033]
   */
  @ApiProperty({ type: 'array', items: { type: 'integer' } })
  lines!: number[];
}

/** A set of labelled sentences. It never changes. */
export class DatasetDto {
  /** @example ds_01JDB6X2S7N4M0QK8T5V9W3YZA */
  id!: string;

  /** @example in_domain_train */
  name!: string;

  /**
   * SHA-256 over the labels and sentences in order. Data sets with the same rows have the same value.
   * @example 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08
   */
  contentHash!: string;

  /** @example 8551 */
  @ApiProperty({ type: 'integer' })
  rows!: number;

  /**
   * Rows with label 1.
   * @example 6023
   */
  @ApiProperty({ type: 'integer' })
  acceptable!: number;

  /**
   * Rows with label 0.
   * @example 2528
   */
  @ApiProperty({ type: 'integer' })
  unacceptable!: number;

  @ApiProperty()
  statistics!: DatasetStatisticsDto;

  /** Oddities of the rows. They do not prevent the upload. */
  @ApiProperty({ type: () => [DatasetWarningDto] })
  warnings!: DatasetWarningDto[];

  /**
   * Name of the uploaded file.
   * @example in_domain_train.tsv
   */
  @ApiProperty({ type: String, nullable: true })
  originalFileName!: string | null;

  /**
   * Size of the uploaded file, in bytes.
   * @example 428578
   */
  @ApiProperty({ type: 'integer' })
  bytes!: number;

  /** @example '2025-11-23T10:20:30.456Z' */
  createdAt!: Date;

  /** The data set of the catalogue that has the same rows, with its licence. Null if there is none. */
  @ApiProperty({ type: () => CatalogueEntryDto, nullable: true })
  catalogueEntry!: CatalogueEntryDto | null;

  static of(dataset: Dataset): DatasetDto {
    const entry = entryWithRows(dataset.contentHash);
    const catalogueEntry = entry ? CatalogueEntryDto.of(entry) : null;
    return Object.assign(new DatasetDto(), { ...dataset, catalogueEntry });
  }
}

export class DatasetPageDto {
  @ApiProperty({ type: () => [DatasetDto] })
  items!: DatasetDto[];

  /** Value of `cursor` for the next page. Null on the last page. */
  @ApiProperty({ type: String, nullable: true })
  nextCursor!: string | null;
}
