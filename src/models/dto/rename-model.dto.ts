import { ApiProperty } from '@nestjs/swagger';
import { IsName, nameSchema } from '../../api/names.js';

export class RenameModelDto {
  @ApiProperty({ ...nameSchema, example: 'Final exam, spring' })
  @IsName()
  name!: string;
}
