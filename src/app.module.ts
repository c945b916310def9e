import { Module, type DynamicModule, type Type } from '@nestjs/common';
import { AuthModule } from './auth/auth.module.js';
import type { Settings } from './config/settings.js';
import { SettingsModule } from './config/settings.module.js';
import { DatabaseModule } from './database/database.module.js';
import { DatasetsModule } from './datasets/datasets.module.js';
import { HealthModule } from './health/health.module.js';
import { HttpModule } from './http/http.module.js';
import { IdempotencyModule } from './idempotency/idempotency.module.js';
import { MetricsModule } from './metrics/metrics.module.js';
import { ModelsModule } from './models/models.module.js';
import { PageModule } from './page/page.module.js';
import { PredictionsModule } from './predictions/predictions.module.js';
import { StorageModule } from './storage/storage.module.js';
import { SweepsModule } from './sweeps/sweeps.module.js';
import { TracingModule } from './tracing/tracing.module.js';
import { TrainingModule } from './training/training.module.js';
import { WebhooksModule } from './webhooks/webhooks.module.js';

/** The root module: all modules of the service. */
@Module({})
export class AppModule {
  static with(settings: Settings, others: Type[] = []): DynamicModule {
    return {
      module: AppModule,
      imports: [
        SettingsModule.with(settings),
        HttpModule,
        TracingModule,
        AuthModule,
        StorageModule,
        DatabaseModule,
        MetricsModule,
        IdempotencyModule,
        DatasetsModule,
        ModelsModule,
        PredictionsModule,
        HealthModule,
        TrainingModule,
        SweepsModule,
        WebhooksModule,
        PageModule,
        ...others,
      ],
    };
  }
}
