import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { IsOptional, IsString, MaxLength } from 'class-validator';
import { IsName, nameSchema } from '../../api/names.js';
import type { CatalogueEntry } from '../catalogue/catalogue.js';

/** A data set that the service can add by itself. */
export class CatalogueEntryDto {
  /** What `source` of `POST /datasets` takes. @example cola/train */
  name!: string;

  /** @example 'CoLA, the Corpus of Linguistic Acceptability: its sentences for training.' */
  title!: string;

  /** @example 8551 */
  @ApiProperty({ type: 'integer' })
  rows!: number;

  /** sha256 over the labels and sentences in order, as that of a dataset. */
  contentHash!: string;

  /** Under which terms it may be used. Read it before you use the data. */
  licence!: string;

  /** Where to read more. @example https://nyu-mll.github.io/CoLA/ */
  homepage!: string;

  /** What its authors ask to be cited. Null where there is nothing to cite. */
  @ApiProperty({ type: String, nullable: true })
  citation!: string | null;

  /** Whether adding it downloads it. False: it comes with the service. @example true */
  needsDownload!: boolean;

  static of({ source, ...entry }: CatalogueEntry): CatalogueEntryDto {
    return Object.assign(new CatalogueEntryDto(), { ...entry, needsDownload: source.kind !== 'shipped' });
  }
}

export class CatalogueDto {
  items!: CatalogueEntryDto[];
}

/** What `POST /datasets` takes as JSON. */
export class AddDatasetDto {
  /** Its name in the catalogue: `GET /datasets/catalogue` lists those there are. @example cola/train */
  @IsString()
  @MaxLength(100)
  source!: string;

  @ApiPropertyOptional({
    ...nameSchema,
    description: 'What to call the dataset; by default its name in the catalogue.',
  })
  @IsOptional()
  @IsName()
  name?: string;
}
