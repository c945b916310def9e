import { ApiProperty } from '@nestjs/swagger';
import { precisions, type Precision } from '../../bert/onnx/precisions.js';
import { aliasStates, modelStates, type AliasState, type ModelState } from '../serving/serving-state.js';

/** A model in memory, or one that could not be brought there. */
export class ServedModelDto {
  /** @example mdl_01JD2Z8K7M3N5P9Q1R2S4T6V8W */
  id!: string;

  /** Null where it has just been deleted. @example 'bert-base-uncased on in_domain_train.tsv' */
  name!: string | null;

  /** What it computes with. @example fp32 */
  @ApiProperty({ enum: precisions, enumName: 'Precision' })
  precision!: Precision;

  /** Those whose requests it answers. @example ["production"] */
  aliases!: string[];

  /** `leaving`: taken by requests that came before, and gone when they are answered. `failed`: not in memory. */
  @ApiProperty({ enum: modelStates, enumName: 'ServedModelState' })
  state!: ModelState;

  /** Since when it is in this state. */
  since!: Date;

  /** Null where it is not in memory yet. */
  loadedAt!: Date | null;

  /** Why it could not be loaded when it was last tried; else null. */
  error!: string | null;
}

/** Which model answers those who ask by an alias. */
export class ServedAliasDto {
  /** @example production */
  name!: string;

  /** The model that the alias points to. @example mdl_01JD2Z8K7M3N5P9Q1R2S4T6V8W */
  modelId!: string;

  /** The model that answers: the one before, while `modelId` is being loaded, or could not be. @example mdl_01JD2Z8K7M3N5P9Q1R2S4T6V8W */
  servedBy!: string;

  /** `loading`: the model that it points to is being made ready. `failed`: that did not work. Else `settled`. */
  @ApiProperty({ enum: aliasStates, enumName: 'ServedAliasState' })
  state!: AliasState;

  /** Since when it is loading or has failed; else null. */
  since!: Date | null;

  /** Why it failed; else null. */
  reason!: string | null;
}

export class ServedModelsDto {
  /** Most models in memory at a time; during a swap there is one more. @example 2 */
  capacity!: number;

  /** The most recently used first, then those that failed. */
  items!: ServedModelDto[];

  /** By name. */
  aliases!: ServedAliasDto[];
}
