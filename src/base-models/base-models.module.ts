import { Module } from '@nestjs/common';
import { BaseModelsController } from './base-models.controller.js';
import { BaseModelsService } from './base-models.service.js';

/** The catalogue of pre-trained models and their sources. */
@Module({
  controllers: [BaseModelsController],
  providers: [BaseModelsService],
  exports: [BaseModelsService],
})
export class BaseModelsModule {}
