import { Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { DatasetsModule } from '../datasets/datasets.module.js';
import { ModelsModule } from '../models/models.module.js';
import { TrainingModule } from '../training/training.module.js';
import { SweepEntity } from './sweep.entity.js';
import { SweepScheduler } from './sweep-scheduler.js';
import { SweepsController } from './sweeps.controller.js';
import { SweepsRepository } from './sweeps.repository.js';
import { SweepsService } from './sweeps.service.js';

@Module({
  imports: [TypeOrmModule.forFeature([SweepEntity]), DatasetsModule, ModelsModule, TrainingModule],
  controllers: [SweepsController],
  providers: [SweepsService, SweepScheduler, SweepsRepository],
})
export class SweepsModule {}
