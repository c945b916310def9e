import { add, type Tensor } from '@tensorflow/tfjs-core';
import type { LossAndGradients } from './gradients.js';

/**
 * Adds up the passes that a step is computed in, one after the other: memory holds one pass and the sum so far. Takes over what
 * the passes give. The sum is that of one large batch if each pass's loss is its part of the batch's: see `Objective.partOf`.
 * @param passes at least one
 */
export function accumulate(passes: Iterable<LossAndGradients>): LossAndGradients {
  let sum: LossAndGradients | undefined;
  for (const pass of passes) {
    if (!sum) {
      sum = pass;
      continue;
    }
    sum.loss = addInto(sum.loss, pass.loss);
    for (const [name, gradient] of pass.gradients) {
      sum.gradients.set(name, addInto(sum.gradients.get(name)!, gradient));
    }
  }
  if (!sum) throw new Error('A step has no examples. This is a bug.');
  return sum;
}

function addInto<T extends Tensor>(before: T, more: T): T {
  const sum = add<T>(before, more);
  before.dispose();
  more.dispose();
  return sum;
}
