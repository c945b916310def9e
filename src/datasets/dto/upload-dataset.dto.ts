import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { IsOptional } from 'class-validator';
import { IsName, nameSchema } from '../../api/names.js';
import { fileFormats, type FileFormat } from '../reading/file-format.js';

/** The fields of the upload form beside the file. */
export class UploadDatasetFields {
  @ApiPropertyOptional({
    ...nameSchema,
    description: 'Name of the dataset. Default: the name of the file.',
    example: 'CoLA, training part',
  })
  @IsOptional()
  @IsName()
  name?: string;
}

/** The form: documentation alone, since files are read as a stream. */
export class UploadDatasetForm extends UploadDatasetFields {
  /**
   * How the file is written. By default its content type tells, else its name (.csv, .jsonl, .ndjson, .json), else it is TSV. Goes
   * before the file, which is read as it arrives.
   */
  @ApiPropertyOptional({ enum: fileFormats })
  format?: FileFormat;

  /** Text in UTF-8: tab-separated (TSV), CSV or JSON lines. */
  @ApiProperty({ type: 'string', format: 'binary' })
  file!: unknown;
}
