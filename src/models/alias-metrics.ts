import { Injectable, Logger, type OnApplicationBootstrap } from '@nestjs/common';
import { servedFigure } from '../bert/evaluation/gain.js';
import type { PrecisionAssessment } from '../bert/serving/assessment.js';
import { Instruments } from '../metrics/instruments.js';
import type { ModelQuality, PrecisionQuality } from '../metrics/model-instruments.js';
import { AliasesService } from './aliases.service.js';
import type { ModelVersion } from './model-version.js';
import { ModelsService } from './models.service.js';
import { RegistryEvents } from './registry-events.js';

/** Shows on the metrics page the quality of the model behind each alias. */
@Injectable()
export class AliasMetrics implements OnApplicationBootstrap {
  private readonly logger = new Logger(AliasMetrics.name);

  constructor(
    private readonly models: ModelsService,
    private readonly aliases: AliasesService,
    private readonly instruments: Instruments,
    events: RegistryEvents,
  ) {
    events.onAliasMoved((name, modelId) => {
      if (modelId === null) return instruments.models.recordAliasRemoval(name);
      instruments.models.recordAliasMove(name);
      this.show(name, modelId).catch((error: Error) => this.logger.error(error.message, error.stack));
    });
  }

  async onApplicationBootstrap(): Promise<void> {
    const aliases = await this.aliases.list();
    // In name order, so that the aliases with their own label are the same after each start.
    for (const { name } of aliases) this.instruments.models.knowAlias(name);
    for (const { name, modelId } of aliases) await this.show(name, modelId);
  }

  private async show(alias: string, modelId: string): Promise<void> {
    this.instruments.models.setAliasQuality(alias, qualityOf(await this.models.find(modelId)));
  }
}

function qualityOf({ metrics, serving }: ModelVersion): ModelQuality {
  if (!serving) return { mcc: metrics.best.mcc, precisions: null };
  const of = ({ evaluation, calibration }: PrecisionAssessment): PrecisionQuality => ({
    mcc: evaluation.mcc,
    expectedCalibrationError: {
      before: calibration.before.expectedCalibrationError,
      after: servedFigure(calibration).expectedCalibrationError,
    },
  });
  const { fp32, int8 } = serving.variants;
  return { mcc: metrics.best.mcc, precisions: { fp32: of(fp32), int8: of(int8) } };
}
