import type { Precision } from '../../bert/onnx/precisions.js';

export const modelStates = ['loading', 'ready', 'leaving', 'failed'] as const;
export type ModelState = (typeof modelStates)[number];

export const aliasStates = ['settled', 'loading', 'failed'] as const;
export type AliasState = (typeof aliasStates)[number];

/** A model that is in memory, or could not be loaded. */
export interface ModelStatus {
  id: string;
  /** Null where it has just been deleted. */
  name: string | null;
  precision: Precision;
  /** Those whose requests it answers. */
  aliases: string[];
  state: ModelState;
  since: Date;
  loadedAt: Date | null;
  error: string | null;
}

/** How far an alias is with the model that it points to. */
export interface AliasStatus {
  name: string;
  modelId: string;
  servedBy: string;
  state: AliasState;
  since: Date | null;
  reason: string | null;
}
