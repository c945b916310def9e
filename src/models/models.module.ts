import { Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { DatasetsModule } from '../datasets/datasets.module.js';
import { AliasChangeEntity } from './alias-change.entity.js';
import { AliasMetrics } from './alias-metrics.js';
import { AliasEntity } from './alias.entity.js';
import { AliasesController } from './aliases.controller.js';
import { AliasesRepository } from './aliases.repository.js';
import { AliasesService } from './aliases.service.js';
import { EvaluationEntity } from './evaluation.entity.js';
import { EvaluationsController } from './evaluations.controller.js';
import { EvaluationsRepository } from './evaluations.repository.js';
import { EvaluationsService } from './evaluations.service.js';
import { ModelFilesController } from './model-files.controller.js';
import { ModelVersionEntity } from './model-version.entity.js';
import { ModelsController } from './models.controller.js';
import { ModelsRepository } from './models.repository.js';
import { ModelsService } from './models.service.js';
import { RegistryEvents } from './registry-events.js';
import { RegistryGauges } from './registry-gauges.js';

@Module({
  imports: [
    DatasetsModule,
    TypeOrmModule.forFeature([ModelVersionEntity, AliasEntity, AliasChangeEntity, EvaluationEntity]),
  ],
  controllers: [ModelsController, ModelFilesController, EvaluationsController, AliasesController],
  providers: [
    ModelsRepository,
    AliasesRepository,
    EvaluationsRepository,
    ModelsService,
    AliasesService,
    EvaluationsService,
    RegistryEvents,
    AliasMetrics,
    RegistryGauges,
  ],
  exports: [ModelsService, AliasesService, EvaluationsService, RegistryEvents],
})
export class ModelsModule {}
