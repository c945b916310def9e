import { ApiProperty } from '@nestjs/swagger';
import { IsOptional, Length } from 'class-validator';

/** The fields of the upload form beside the file. */
export class UploadDatasetFields {
  /**
   * What to call the dataset; by default the name of the file.
   * @example 'CoLA, training part'
   */
  @IsOptional()
  @Length(1, 200)
  name?: string;
}

export class UploadDatasetForm extends UploadDatasetFields {
  /** Tab-separated text in UTF-8. */
  @ApiProperty({ type: 'string', format: 'binary' })
  file!: unknown;
}
