import { Injectable } from '@nestjs/common';
import { Registry } from 'prom-client';
import { AliasLabels } from './alias-labels.js';
import { HttpInstruments } from './http-instruments.js';
import { ModelInstruments } from './model-instruments.js';
import { PredictionInstruments } from './prediction-instruments.js';
import { ResourceInstruments } from './resource-instruments.js';
import { ServiceInstruments } from './service-instruments.js';
import { TrainingInstruments } from './training-instruments.js';
import { WebhookInstruments } from './webhook-instruments.js';

/** Updates gauges that no event sets. */
export type ScrapeTask = () => void | Promise<void>;

/** All instruments of the service. They have their own registry, so that two services in one process do not mix. */
@Injectable()
export class Instruments {
  readonly registry = new Registry();
  private readonly aliases = new AliasLabels();
  private readonly tasks: ScrapeTask[] = [];

  readonly service = new ServiceInstruments(this.registry);
  readonly http = new HttpInstruments(this.registry);
  readonly predictions = new PredictionInstruments(this.registry, this.aliases);
  readonly training = new TrainingInstruments(this.registry);
  readonly models = new ModelInstruments(this.registry, this.aliases);
  readonly webhooks = new WebhookInstruments(this.registry);
  readonly resources = new ResourceInstruments(this.registry);

  /** Runs a task before each page is written. If it throws, the error is logged and its gauges keep their values. */
  beforeScrape(task: ScrapeTask): void {
    this.tasks.push(task);
  }

  get scrapeTasks(): readonly ScrapeTask[] {
    return this.tasks;
  }
}
