import { IsString, Matches, MaxLength } from 'class-validator';
import { LONGEST_ID } from '../../common/identifiers.js';

export class PutAliasDto {
  /** The new model of the alias: its id, or another alias. @example production */
  @IsString({ message: 'modelId must be a string: the id of a model, see GET /models' })
  @Matches(/\S/, { message: 'modelId must not be empty: give the id of a model, see GET /models' })
  @MaxLength(LONGEST_ID, { message: 'modelId is too long for the id of a model, see GET /models' })
  modelId!: string;
}

export class AliasDto {
  /** @example production */
  name!: string;
  /** @example mdl_01JD2Z8K7M3N5P9Q1R2S4T6V8W */
  modelId!: string;
  updatedAt!: Date;
}

export class AliasListDto {
  items!: AliasDto[];
}

export class AliasChangeDto {
  /** Null if the alias was removed. @example mdl_01JD2Z8K7M3N5P9Q1R2S4T6V8W */
  modelId!: string | null;
  /** The previous model of the alias. */
  previousModelId!: string | null;
  /** @example 'There was no "production" yet.' */
  reason!: string;
  createdAt!: Date;
}

export class AliasWithHistoryDto extends AliasDto {
  /** The last 100 changes, newest first. */
  history!: AliasChangeDto[];
}
