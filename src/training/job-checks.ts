import { Injectable } from '@nestjs/common';
import { BaseModelsService, type BaseModelSummary } from '../base-models/base-models.service.js';
import { parseBertConfig } from '../bert/config.js';
import { detectEngine, type EngineChoice } from '../bert/engines/detect.js';
import { assertFits, JobTooLargeError } from '../bert/fine-tuning/memory.js';
import { UnavailableError } from '../common/errors.js';
import { Settings } from '../config/settings.js';
import type { TrainingRequestDto } from './dto/training-request.dto.js';
import { hostMemory } from './host-memory.js';
import { invalid, type RowsFacts } from './training-request.js';

/** What can be told of a job before it starts, without the base model and the tokens of the data. */
@Injectable()
export class JobChecks {
  constructor(
    private readonly baseModels: BaseModelsService,
    private readonly settings: Settings,
  ) {}

  /**
   * @returns the base model that is meant
   * @throws InvalidInputError, UnavailableError
   */
  async check(request: TrainingRequestDto, rows: RowsFacts): Promise<BaseModelSummary> {
    const baseModel = await this.baseModels.check(request.baseModel);
    this.assertFits(request, rows, baseModel, this.engine());
    return baseModel;
  }

  private engine(): EngineChoice {
    try {
      return detectEngine(this.settings.engine);
    } catch (error) {
      throw new UnavailableError((error as Error).message);
    }
  }

  /** The worker checks again, when it knows all: this refuses what cannot fit even if every word is one token. */
  private assertFits(
    request: TrainingRequestDto,
    rows: RowsFacts,
    { architecture }: BaseModelSummary,
    engine: EngineChoice,
  ): void {
    if (!architecture) return;
    const longest = rows.statistics.words.max + 2;
    const step = {
      batchSize: Math.min(request.batchSize, rows.rows),
      length: Math.min(request.maxLength === 'auto' ? 128 : request.maxLength, longest),
      vocabulary: 1,
    };
    try {
      const config = { ...parseBertConfig({ model_type: 'bert' }), ...architecture };
      assertFits(config, step, engine.name, hostMemory());
    } catch (error) {
      if (!(error instanceof JobTooLargeError)) throw error;
      throw invalid({ pointer: '#/batchSize', message: error.message });
    }
  }
}
