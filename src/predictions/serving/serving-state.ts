import type { Precision } from '../../bert/onnx/precisions.js';

export const modelStates = ['loading', 'ready', 'leaving', 'failed'] as const;
export type ModelState = (typeof modelStates)[number];

export const aliasStates = ['settled', 'loading', 'failed'] as const;
export type AliasState = (typeof aliasStates)[number];

/** A model that is in memory or failed to load. */
export interface ModelStatus {
  id: string;
  /** null if it has just been deleted. */
  name: string | null;
  precision: Precision;
  /** The aliases that it serves. */
  aliases: string[];
  state: ModelState;
  since: Date;
  loadedAt: Date | null;
  error: string | null;
}

/** Progress of an alias towards the model that it points to. */
export interface AliasStatus {
  name: string;
  modelId: string;
  servedBy: string;
  state: AliasState;
  since: Date | null;
  reason: string | null;
}
