import { Module } from '@nestjs/common';
import { ModelsModule } from '../models/models.module.js';
import { PredictionsController } from './predictions.controller.js';
import { PredictionsService } from './predictions.service.js';
import { SentenceBodies } from './sentence-bodies.js';
import { ServedModels } from './served-models.js';

@Module({
  imports: [ModelsModule],
  controllers: [PredictionsController],
  providers: [PredictionsService, ServedModels, SentenceBodies],
  exports: [ServedModels],
})
export class PredictionsModule {}
