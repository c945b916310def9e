import { Transform } from 'class-transformer';
import { IsString, Length } from 'class-validator';

export class RenameModelDto {
  /** @example 'Final exam, spring' */
  @Transform(({ value }: { value: unknown }) => (typeof value === 'string' ? value.trim() : value))
  @IsString({ message: 'name must be a string' })
  @Length(1, 200, { message: 'name must have 1 to 200 characters' })
  name!: string;
}
