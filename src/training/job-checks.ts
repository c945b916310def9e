import { Injectable } from '@nestjs/common';
import { BaseModelsService, type BaseModelSummary } from '../base-models/base-models.service.js';
import { detectEngine, type EngineChoice } from '../bert/engines/detect.js';
import { trainingExtent } from '../bert/fine-tuning/extent.js';
import { contradictions, LONGEST_AUTO_LENGTH } from '../bert/fine-tuning/hyperparameters.js';
import { assertFits, JobTooLargeError, stepSizeOf } from '../bert/fine-tuning/memory.js';
import { ConflictError, UnavailableError, type InputProblem } from '../common/errors.js';
import { Settings } from '../config/settings.js';
import { withAdvice } from './advice.js';
import type { Space } from './disk-needed.js';
import { roomForTraining, trainingLimit } from './memory/training-room.js';
import { encoderConfigOf } from './training-estimates.js';
import { TrainingHost } from './training-host.js';
import { invalid, type RowsFacts, type TrainingRequest } from './training-request.js';

/** A run's evaluations are shown all at once. */
const mostEvaluations = 1000;

/** What can be told of a job before it starts, without the base model and the tokens of the data. */
@Injectable()
export class JobChecks {
  constructor(
    private readonly baseModels: BaseModelsService,
    private readonly host: TrainingHost,
    private readonly settings: Settings,
  ) {}

  /**
   * @returns the base model that is meant, and the memory that a training of it takes; null where its size is not known yet
   * @throws InvalidInputError, UnavailableError, ConflictError where there is too little memory now
   */
  async check(
    request: TrainingRequest,
    rows: RowsFacts,
  ): Promise<{ baseModel: BaseModelSummary; memory: Space | null }> {
    const baseModel = await this.baseModels.check(request.baseModel);
    assertConsistent(request, rows, baseModel);
    return { baseModel, memory: this.assertFits(request, rows, baseModel, this.engine()) };
  }

  /** @throws UnavailableError where there is none */
  engine(): EngineChoice {
    try {
      return detectEngine(this.settings.engine);
    } catch (error) {
      throw new UnavailableError(withAdvice(error as Error));
    }
  }

  /** The worker checks again, when it knows all: this refuses what cannot fit even if every word is one token. */
  private assertFits(
    request: TrainingRequest,
    rows: RowsFacts,
    baseModel: BaseModelSummary,
    engine: EngineChoice,
  ): Space | null {
    const config = encoderConfigOf(baseModel);
    if (!config) return null;
    const longest = rows.statistics.words.max + 2;
    const length = Math.min(request.maxLength === 'auto' ? LONGEST_AUTO_LENGTH : request.maxLength, longest);
    const step = stepSizeOf(request, rows.rows, { length, vocabulary: 1 });
    // A run that is under way will have given its memory back by then.
    const room = roomForTraining(trainingLimit(this.settings), this.host.residentBytes);
    try {
      const neededBytes = assertFits(config, step, { engine: engine.name, rows: rows.rows }, room);
      return { neededBytes: Math.ceil(neededBytes), availableBytes: Math.floor(room.now) };
    } catch (error) {
      if (!(error instanceof JobTooLargeError)) throw error;
      if (error.passing) throw new ConflictError(`The run cannot be started now. ${withAdvice(error)}`);
      throw invalid({ path: ['batchSize'], message: withAdvice(error) });
    }
  }
}

function assertConsistent(
  request: TrainingRequest,
  { rows }: RowsFacts,
  { architecture }: BaseModelSummary,
): void {
  const problems = contradictions(request, architecture?.numHiddenLayers ?? null).map(
    ({ name, message }): InputProblem => ({ path: [name], message }),
  );
  const { evaluations, totalSteps } = trainingExtent(request, rows);
  if (evaluations > mostEvaluations) {
    const enough = Math.ceil(totalSteps / (mostEvaluations - request.epochs - 1));
    problems.push({
      path: ['evaluationSteps'],
      message:
        `evaluationSteps ${request.evaluationSteps} makes ${evaluations} evaluations in ${totalSteps} steps, and ` +
        `${mostEvaluations} is the most: take ${enough} or more`,
    });
  }
  const [first, ...others] = problems;
  if (first) throw invalid(first, ...others);
}
