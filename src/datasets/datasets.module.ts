import { Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { catalogue } from './catalogue/catalogue.js';
import { CATALOGUE, CatalogueService } from './catalogue/catalogue.service.js';
import { DatasetEntity } from './dataset.entity.js';
import { DatasetsController } from './datasets.controller.js';
import { DatasetsRepository } from './datasets.repository.js';
import { DatasetsService } from './datasets.service.js';

@Module({
  imports: [TypeOrmModule.forFeature([DatasetEntity])],
  controllers: [DatasetsController],
  providers: [
    DatasetsRepository,
    DatasetsService,
    CatalogueService,
    { provide: CATALOGUE, useValue: catalogue },
  ],
  exports: [DatasetsService],
})
export class DatasetsModule {}
