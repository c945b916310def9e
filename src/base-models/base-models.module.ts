import { Module } from '@nestjs/common';
import { BaseModelsService } from './base-models.service.js';

/** The catalogue of pre-trained models and where each can be had. */
@Module({
  providers: [BaseModelsService],
  exports: [BaseModelsService],
})
export class BaseModelsModule {}
