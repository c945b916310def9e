import { Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { TrainingModule } from '../training/training.module.js';
import { DeliveriesRepository } from './deliveries.repository.js';
import { DeliveryEntity } from './delivery.entity.js';
import { Dispatcher } from './dispatcher.js';
import { WebhooksController } from './webhooks.controller.js';
import { WebhooksService } from './webhooks.service.js';

@Module({
  imports: [TypeOrmModule.forFeature([DeliveryEntity]), TrainingModule],
  controllers: [WebhooksController],
  providers: [WebhooksService, Dispatcher, DeliveriesRepository],
})
export class WebhooksModule {}
