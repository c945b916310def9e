import type { BaseModelInUse } from '../base-models.service.js';

/** Size of an encoder. */
export class EncoderSizesDto {
  /** @example bert */
  modelType!: string;
  /** @example 12 */
  numHiddenLayers!: number;
  /** @example 768 */
  hiddenSize!: number;
  /** @example 12 */
  numAttentionHeads!: number;
  /** @example 3072 */
  intermediateSize!: number;
  /** Number of tokens in its vocabulary. @example 30522 */
  vocabSize!: number;
}

/** A pre-trained model that a training can start from. */
export class BaseModelDto {
  /** The value for `baseModel` of `POST /train`. @example bert-base-uncased */
  name!: string;
  /** Null for a model that is not in the catalogue. */
  description!: string | null;
  /** Null for a model that is not in the catalogue. Ask the author of such a model. @example Apache-2.0 */
  licence!: string | null;
  /** Null if the model is on disk and its `config.json` cannot be read. */
  architecture!: EncoderSizesDto | null;
  /** Whether the model is on disk. If not, a run downloads it. @example true */
  stored!: boolean;
  /** Source of the model. `folder`: somebody put it there by hand. Null if it is not on disk. @example hub */
  source!: 'hub' | 'maven' | 'pip' | 'folder' | null;
  /** Size on disk, in bytes. Null if the model is not on disk. @example 441227264 */
  bytes!: number | null;
  /**
   * A run that needs the model and has not ended. The model cannot be deleted before it ends. Null if there
   * is none. @example null
   */
  usedBy!: string | null;

  static of(model: BaseModelInUse): BaseModelDto {
    return Object.assign(new BaseModelDto(), model);
  }
}

export class BaseModelListDto {
  /** The models of the catalogue first, then the others on disk, by name. */
  items!: BaseModelDto[];
}
