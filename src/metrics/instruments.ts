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

/** Brings gauges up to date that nobody sets as things happen. */
export type ScrapeTask = () => void | Promise<void>;

/** Every instrument of the service, on a registry of its own (two services in one process do not mix). */
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

  /** Has something done before each page is written. What it throws is logged, and its gauges keep their values. */
  beforeScrape(task: ScrapeTask): void {
    this.tasks.push(task);
  }

  get scrapeTasks(): readonly ScrapeTask[] {
    return this.tasks;
  }
}
