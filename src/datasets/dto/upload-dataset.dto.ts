import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { IsOptional } from 'class-validator';
import { IsName, nameSchema } from '../../api/names.js';
import { fileFormats, type FileFormat } from '../reading/file-format.js';

/** The fields of the upload form, without the file. */
export class UploadDatasetFields {
  @ApiPropertyOptional({
    ...nameSchema,
    description: 'Name of the data set. Default: the name of the file.',
    example: 'CoLA, training part',
  })
  @IsOptional()
  @IsName()
  name?: string;
}

/** The upload form, for the OpenAPI document only: the service reads files as a stream. */
export class UploadDatasetForm extends UploadDatasetFields {
  /**
   * Format of the file. By default the content type decides, then the file name (.csv, .jsonl, .ndjson,
   * .json), then TSV. Send this field before the file, which is read as it arrives.
   */
  @ApiPropertyOptional({ enum: fileFormats })
  format?: FileFormat;

  /** Text in UTF-8: tab-separated (TSV), CSV or JSON lines. */
  @ApiProperty({ type: 'string', format: 'binary' })
  file!: unknown;
}
