import type { BaseModelInUse } from '../base-models.service.js';

/** How large an encoder is. */
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
  /** Pieces that its tokenizer knows. @example 30522 */
  vocabSize!: number;
}

/** A pre-trained model that a training can start from. */
export class BaseModelDto {
  /** What `baseModel` of `POST /train` takes. @example bert-base-uncased */
  name!: string;
  /** Null for a model outside of the catalogue. */
  description!: string | null;
  /** Null for a model outside of the catalogue: its author says. @example Apache-2.0 */
  licence!: string | null;
  /** Null where the model is on disk and its `config.json` cannot be read. */
  architecture!: EncoderSizesDto | null;
  /** Whether it is on disk. A run fetches one that is not. @example true */
  stored!: boolean;
  /** Where it came from; `folder`: somebody put it there by hand. Null where it is not on disk. @example hub */
  source!: 'hub' | 'maven' | 'pip' | 'folder' | null;
  /** On disk; null where it is not there. @example 441227264 */
  bytes!: number | null;
  /** The run that has not ended and needs it: until then it cannot be deleted. Null where there is none. @example null */
  usedBy!: string | null;

  static of(model: BaseModelInUse): BaseModelDto {
    return Object.assign(new BaseModelDto(), model);
  }
}

export class BaseModelListDto {
  /** Those of the catalogue first, then others that are on disk, by name. */
  items!: BaseModelDto[];
}
