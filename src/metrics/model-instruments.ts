import { Counter, Gauge, type Registry } from 'prom-client';
import type { AliasLabels } from './alias-labels.js';
import { show } from './prometheus.js';

/** Quality of a model version on its validation rows. */
export interface ModelQuality {
  /** MCC at the end of its training. */
  mcc: number;
  /** Quality of each precision as it is served; null if it was not assessed. */
  precisions: Readonly<Record<'fp32' | 'int8', PrecisionQuality>> | null;
}

export interface PrecisionQuality {
  mcc: number;
  expectedCalibrationError: { before: number; after: number };
}

/** Metrics of the registry: versions, aliases, and the quality of the versions that they point to. */
export class ModelInstruments {
  private readonly mcc: Gauge<'alias'>;
  private readonly servingMcc: Gauge<'alias' | 'precision'>;
  private readonly calibrationError: Gauge<'alias' | 'precision' | 'calibration'>;
  private readonly aliasMoves: Counter<'alias'>;
  private readonly aliasSwapFailures: Counter<'alias'>;
  private readonly aliasLagging: Gauge<'alias'>;
  readonly versions: Gauge;
  readonly datasets: Gauge;
  readonly evaluations: Gauge<'status'>;

  constructor(
    registry: Registry,
    private readonly aliases: AliasLabels,
  ) {
    const on = { registers: [registry] };
    this.versions = new Gauge({ ...on, name: 'wellformed_models', help: 'Model versions in the registry.' });
    this.datasets = new Gauge({ ...on, name: 'wellformed_datasets', help: 'Data sets stored.' });
    this.evaluations = new Gauge({
      ...on,
      name: 'wellformed_evaluations',
      help: 'Evaluations of models in the database, by status.',
      labelNames: ['status'] as const,
    });
    this.mcc = new Gauge({
      ...on,
      name: 'wellformed_model_mcc',
      help: 'Matthews correlation on its validation rows of the model version that an alias points to.',
      labelNames: ['alias'] as const,
    });
    this.servingMcc = new Gauge({
      ...on,
      name: 'wellformed_model_serving_mcc',
      help: 'The same by precision (fp32, int8), computed as for predictions. Absent for versions that were not assessed.',
      labelNames: ['alias', 'precision'] as const,
    });
    this.calibrationError = new Gauge({
      ...on,
      name: 'wellformed_model_expected_calibration_error',
      help:
        'Expected calibration error on its validation rows of the model version that an alias points to, by precision: before ' +
        'calibration and after it (cross-fitted; the same if not in use). Absent for versions that were not assessed.',
      labelNames: ['alias', 'precision', 'calibration'] as const,
    });
    this.aliasMoves = new Counter({
      ...on,
      name: 'wellformed_alias_moves_total',
      help: 'Number of times that an alias was moved to another version or removed.',
      labelNames: ['alias'] as const,
    });
    this.aliasSwapFailures = new Counter({
      ...on,
      name: 'wellformed_alias_swap_failures_total',
      help: 'Versions that could not be loaded after an alias was moved to them.',
      labelNames: ['alias'] as const,
    });
    this.aliasLagging = new Gauge({
      ...on,
      name: 'wellformed_alias_lagging',
      help: '1 while an alias is served by another version than the one it points to, because that one is loading or has failed; else 0.',
      labelNames: ['alias'] as const,
    });
    aliases.onRelease((alias) => {
      for (const series of [this.aliasMoves, this.aliasSwapFailures, this.aliasLagging])
        series.remove({ alias });
    });
  }

  /** Records that an alias was created or moved. */
  recordAliasMove(name: string): void {
    this.aliases.take(name);
    this.aliasMoves.inc({ alias: this.aliases.of(name) });
  }

  /** Records that an alias was removed. Its series end. */
  recordAliasRemoval(name: string): void {
    this.setAliasQuality(name, null);
    this.aliasMoves.inc({ alias: this.aliases.of(name) });
    this.aliases.release(name);
  }

  /** Records that an alias existed when the service started. */
  knowAlias(name: string): void {
    this.aliases.take(name);
  }

  /** Sets the quality of the version that an alias points to; null if the alias is gone. */
  setAliasQuality(name: string, quality: ModelQuality | null): void {
    const alias = this.aliases.of(name);
    if (alias === 'other') return;
    show(this.mcc, { alias }, quality?.mcc);
    for (const precision of ['fp32', 'int8'] as const) {
      const figures = quality?.precisions?.[precision];
      const { before, after } = figures?.expectedCalibrationError ?? {};
      show(this.servingMcc, { alias, precision }, figures?.mcc);
      show(this.calibrationError, { alias, precision, calibration: 'before' }, before);
      show(this.calibrationError, { alias, precision, calibration: 'after' }, after);
    }
  }

  /** Sets whether an alias is served by another version than the one it points to; null if the alias is gone. */
  setAliasLagging(name: string, lagging: boolean | null): void {
    const alias = this.aliases.of(name);
    if (alias !== 'other') show(this.aliasLagging, { alias }, lagging === null ? null : Number(lagging));
  }

  countAliasSwapFailure(name: string): void {
    this.aliasSwapFailures.inc({ alias: this.aliases.of(name) });
  }
}
