import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { IsOptional, IsString, MaxLength } from 'class-validator';
import { IsName, nameSchema } from '../../api/names.js';
import type { CatalogueEntry } from '../catalogue/catalogue.js';

/** A data set that the service can add by itself. */
export class CatalogueEntryDto {
  /** The value for `source` of `POST /datasets`. @example cola/train */
  name!: string;

  /** @example 'CoLA, the Corpus of Linguistic Acceptability: its sentences for training.' */
  title!: string;

  /** @example 8551 */
  @ApiProperty({ type: 'integer' })
  rows!: number;

  /** SHA-256 over the labels and sentences in order, as for a data set. */
  contentHash!: string;

  /** The terms of use. Read them before you use the data. */
  licence!: string;

  /** A web page about the data set. @example https://nyu-mll.github.io/CoLA/ */
  homepage!: string;

  /** The citation that its authors ask for. Null if there is none. */
  @ApiProperty({ type: String, nullable: true })
  citation!: string | null;

  /** Whether the service downloads the data set to add it. If not, it comes with the service. @example true */
  needsDownload!: boolean;

  static of({ source, ...entry }: CatalogueEntry): CatalogueEntryDto {
    return Object.assign(new CatalogueEntryDto(), { ...entry, needsDownload: source.kind !== 'shipped' });
  }
}

export class CatalogueDto {
  items!: CatalogueEntryDto[];
}

/** The JSON body of `POST /datasets`. */
export class AddDatasetDto {
  /** Name of the data set in the catalogue. `GET /datasets/catalogue` lists the names. @example cola/train */
  @IsString()
  @MaxLength(100)
  source!: string;

  @ApiPropertyOptional({
    ...nameSchema,
    description: 'Name of the data set. Default: its name in the catalogue.',
  })
  @IsOptional()
  @IsName()
  name?: string;
}
