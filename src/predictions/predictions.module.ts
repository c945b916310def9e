import { Module } from '@nestjs/common';
import { ModelsModule } from '../models/models.module.js';
import { PredictionsController } from './predictions.controller.js';
import { PredictionsService } from './predictions.service.js';
import { VersionCache } from './serving/version-cache.js';
import { SentenceBodies } from './sentence-bodies.js';
import { ServedModelsController } from './serving/served-models.controller.js';
import { LoadedModels } from './serving/loaded-models.js';
import { ServingStatusService } from './serving/serving-status.service.js';
import { AliasRouter } from './serving/alias-router.js';
import { StreamAnswer } from './streams/stream-answer.js';
import { StreamBodies } from './streams/stream-bodies.js';
import { StreamsService } from './streams/streams.service.js';

@Module({
  imports: [ModelsModule],
  controllers: [PredictionsController, ServedModelsController],
  providers: [
    PredictionsService,
    VersionCache,
    LoadedModels,
    AliasRouter,
    ServingStatusService,
    SentenceBodies,
    StreamsService,
    StreamAnswer,
    StreamBodies,
  ],
  exports: [ServingStatusService],
})
export class PredictionsModule {}
