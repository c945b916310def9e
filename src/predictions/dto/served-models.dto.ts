import { ApiProperty } from '@nestjs/swagger';
import { precisions, type Precision } from '../../bert/onnx/precisions.js';
import { aliasStates, modelStates, type AliasState, type ModelState } from '../serving/serving-state.js';

/** A model in memory, or one that could not be loaded. */
export class ServedModelDto {
  /** @example mdl_01JD2Z8K7M3N5P9Q1R2S4T6V8W */
  id!: string;

  /** Null if the model has just been deleted. @example 'bert-base-uncased on in_domain_train.tsv' */
  name!: string | null;

  /** The precision of the computation. @example fp32 */
  @ApiProperty({ enum: precisions, enumName: 'Precision' })
  precision!: Precision;

  /** The aliases for which it answers. @example ["production"] */
  aliases!: string[];

  /** `leaving`: still used by earlier requests, and unloaded once they are answered. `failed`: not in memory. */
  @ApiProperty({ enum: modelStates, enumName: 'ServedModelState' })
  state!: ModelState;

  /** When it entered this state. */
  since!: Date;

  /** When it was loaded. Null if it is not in memory yet. */
  loadedAt!: Date | null;

  /** Why the last attempt to load it failed. Otherwise null. */
  error!: string | null;
}

/** The model that answers for an alias. */
export class ServedAliasDto {
  /** @example production */
  name!: string;

  /** The model that the alias points to. @example mdl_01JD2Z8K7M3N5P9Q1R2S4T6V8W */
  modelId!: string;

  /** The model that answers. It is the previous one while `modelId` is being loaded or if it cannot be loaded. @example mdl_01JD2Z8K7M3N5P9Q1R2S4T6V8W */
  servedBy!: string;

  /** `loading`: the model that the alias points to is being loaded. `failed`: it could not be loaded. `settled`: it answers. */
  @ApiProperty({ enum: aliasStates, enumName: 'ServedAliasState' })
  state!: AliasState;

  /** When loading began or failed. Otherwise null. */
  since!: Date | null;

  /** Why it failed. Otherwise null. */
  reason!: string | null;
}

export class ServedModelsDto {
  /** Largest number of models in memory. There may be one more while an alias moves. @example 2 */
  capacity!: number;

  /** The models in memory, the most recently used first. Then the models that failed. */
  items!: ServedModelDto[];

  /** All aliases, by name. */
  aliases!: ServedAliasDto[];
}
