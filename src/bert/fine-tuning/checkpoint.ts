import type { ParameterStore, TrainedParameter } from '../engines/parameter-store.js';
import { CheckpointMismatchError } from '../errors.js';
import type { NamedTensor, WeightSource } from '../weights/named-tensor.js';
import { SafetensorsFile, writeSafetensors } from '../weights/safetensors.js';

/** How far a fine-tuning is between two of its events: all that is not a tensor, as plain JSON. */
export interface FineTuningProgress {
  /** Steps done. */
  step: number;
  /** The epoch under way, from 1. After the last one: their number plus 1. */
  epoch: number;
  /** Steps done in this epoch. */
  stepsIntoEpoch: number;
  /** Whether the evaluation that follows the last step was broken off, and is to be done first. */
  isEvaluationDue: boolean;
  /** Sum of the losses of this epoch's examples so far. */
  lossSum: number;
  /** Of training in this epoch so far, evaluations not counted. */
  trainingSeconds: number;
  /** Factor by which weight decay has shrunk a word embedding that never had a gradient. */
  untouchedDecay: number;
  /** The best evaluation so far; null before the first. */
  best: BestSoFar | null;
  average: { count: number; untouchedDecay: number };
}

export interface BestSoFar {
  mcc: number;
  /** The step after which it was found. */
  step: number;
  /** Number of evaluations since then. */
  since: number;
}

/** From which a fine-tuning resumes. On the same machine and engine it gets the same bits as one that was never interrupted. */
export interface Checkpoint {
  progress: FineTuningProgress;
  /** As {@link checkpointTensors} names them. */
  tensors: WeightSource;
}

/** What is written of a fine-tuning. */
export interface CheckpointContent {
  progress: FineTuningProgress;
  /** Name → shape of every tensor, in the order in which `tensors` gives them. */
  shapes: ReadonlyMap<string, readonly number[]>;
  /** Copies of the tensors, one at a time. */
  tensors(): Iterable<NamedTensor>;
}

/** The kinds of tensors in a checkpoint. Each name in the file is the kind, a dot, and the canonical name of the parameter. */
type Kind = 'parameter' | 'firstMoment' | 'secondMoment' | 'mean';
const trained = ['parameter', 'firstMoment', 'secondMoment'] as const satisfies readonly Kind[];

const keyOf = (kind: Kind, parameter: string) => `${kind}.${parameter}`;

/**
 * The tensors of a fine-tuning under the names that they have in a checkpoint.
 * @param parameters name → shape of what the store holds
 * @param means of the weight average, where it has begun
 */
export function checkpointTensors(
  store: ParameterStore,
  parameters: ReadonlyMap<string, readonly number[]>,
  means: ReadonlyMap<string, NamedTensor>,
): Pick<CheckpointContent, 'shapes' | 'tensors'> {
  const shapes = new Map<string, readonly number[]>();
  for (const name of store.names) {
    for (const kind of trained) shapes.set(keyOf(kind, name), parameters.get(name)!);
  }
  for (const [name, { shape }] of means) shapes.set(keyOf('mean', name), shape);
  return {
    shapes,
    *tensors() {
      for (const name of store.names) {
        const { shape, data } = store.export(name);
        const { first, second } = store.exportMoments(name);
        yield { name: keyOf('parameter', name), shape, data };
        yield { name: keyOf('firstMoment', name), shape, data: first };
        yield { name: keyOf('secondMoment', name), shape, data: second };
      }
      for (const [name, mean] of means) {
        yield { name: keyOf('mean', name), shape: mean.shape, data: mean.data.slice() };
      }
    },
  };
}

/**
 * The parameters of a checkpoint, in the order in which they were written: the sum of the gradients' squares depends on it.
 * @param expected name → shape of the parameters of the model
 * @throws CheckpointMismatchError
 */
export function restoredParameters(
  { tensors }: Checkpoint,
  expected: ReadonlyMap<string, readonly number[]>,
): Iterable<TrainedParameter> {
  const names = namesOf('parameter', tensors);
  for (const name of new Set([...expected.keys(), ...names])) {
    for (const kind of trained) {
      const [found, wanted] = [tensors.shapes.get(keyOf(kind, name)), expected.get(name)];
      if (found?.join() === wanted?.join() && found) continue;
      throw new CheckpointMismatchError(
        `its ${kind} of ${name} has the shape ${shown(found)}, the model ${shown(wanted)}`,
      );
    }
  }
  const read = (kind: Kind, name: string) => tensors.read(keyOf(kind, name));
  return (function* () {
    for (const name of names) {
      const { shape, data } = read('parameter', name);
      const moments = { first: read('firstMoment', name).data, second: read('secondMoment', name).data };
      yield { name, shape, data, moments };
    }
  })();
}

/** The running means of the weight average. */
export function restoredMeans({ tensors }: Checkpoint): Map<string, NamedTensor> {
  return new Map(
    namesOf('mean', tensors).map((name) => [name, { ...tensors.read(keyOf('mean', name)), name }]),
  );
}

/** Writes a checkpoint as one safetensors file, which is on disk when this returns. It writes in place. */
export function writeCheckpoint(path: string, { progress, shapes, tensors }: CheckpointContent): void {
  const announced = [...shapes].map(([name, shape]) => ({ name, shape }));
  writeSafetensors(path, announced, tensors(), { progress: JSON.stringify(progress) });
}

/**
 * Opens a file of {@link writeCheckpoint}. The caller closes its tensors.
 * @throws InvalidModelError where it is no safetensors file
 * @throws CheckpointMismatchError where it is another one
 */
export function openCheckpoint(path: string): Checkpoint {
  const tensors = SafetensorsFile.open(path);
  const { progress } = tensors.metadata;
  if (progress === undefined) {
    tensors.close();
    throw new CheckpointMismatchError(`${path} does not say how far the training was`);
  }
  return { progress: JSON.parse(progress) as FineTuningProgress, tensors };
}

function namesOf(kind: Kind, { shapes }: WeightSource): string[] {
  const prefix = keyOf(kind, '');
  return [...shapes.keys()].filter((key) => key.startsWith(prefix)).map((key) => key.slice(prefix.length));
}

function shown(shape: readonly number[] | undefined): string {
  return shape ? `[${shape.join(', ')}]` : 'none';
}
