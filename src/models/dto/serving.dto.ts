import { ApiProperty } from '@nestjs/swagger';
import type { Precision } from '../../bert/onnx/precisions.js';
import type { ConfusionMatrixDto, FiguresDto } from './figures.dto.js';

export class ReliabilityBinDto {
  /** @example 83 */
  @ApiProperty({ type: 'integer' })
  rows!: number;
  /** Mean probability of the label that was judged, 0.5 to 1. @example 0.87 */
  confidence!: number;
  /** Share of the judgements that are right. @example 0.81 */
  accuracy!: number;
}

export class CalibrationQualityDto {
  /** Mean cross-entropy. @example 0.437 */
  loss!: number;
  /** Mean distance between how sure judgements are and how often they are right, 0 to 1, in 15 bins. @example 0.074 */
  expectedCalibrationError!: number;
  /** The reliability diagram: judgements by how sure they are, without empty bins. Absent for older versions. */
  @ApiProperty({ type: () => [ReliabilityBinDto], required: false })
  bins?: ReliabilityBinDto[];
}

/**
 * Whether what was fitted serves: only where the figure is better beyond its error on rows that were not fitted on. Versions that were
 * registered before this was asked have none of these fields: what they fitted serves.
 */
export class FitDto {
  /** Fitted on all validation rows, used or not. @example 0.713 */
  fitted?: number;
  /** Whether it serves. @example true */
  used?: boolean;
  /** Why, or why not, with the figures. */
  reason?: string;
}

export class CalibrationDto extends FitDto {
  /** What calibrated scores divide logits by: the fitted one where it is used, else 1. @example 1.62 */
  temperature!: number;
  /** Of the scores as they are. */
  before!: CalibrationQualityDto;
  /** With fitted temperatures, used or not: each row's was fitted on other rows (five folds). */
  after!: CalibrationQualityDto;
}

export class ThresholdQualityDto {
  /** @example 0.594 */
  mcc!: number;
  confusionMatrix!: ConfusionMatrixDto;
}

export class TunedThresholdDto extends FitDto {
  /** What `"threshold": "tuned"` judges by: the fitted one, of the highest MCC on all validation rows, where it is used; else 0.5. @example 0.713 */
  threshold!: number;
  /** With the threshold 0.5. */
  before!: ThresholdQualityDto;
  /** With fitted thresholds, used or not: each row's was chosen on other rows (five folds). What to expect of it on new sentences. */
  after!: ThresholdQualityDto;
}

export class VariantDto {
  /** Of the validation rows, computed as for `POST /predict`. */
  evaluation!: FiguresDto;
  /** Of its graph and the weights it reads. @example 174064321 */
  bytes!: number;
  /** To compute one sentence by itself: the median, measured on the machine that trained. @example 0.0092 */
  medianSeconds!: number;
  calibration!: CalibrationDto;
  threshold!: TunedThresholdDto;
}

export class VariantsDto {
  /** The weights as they were trained. */
  fp32!: VariantDto;
  /** Linear layers in integers. */
  int8!: VariantDto;
}

export class AutoPrecisionDto {
  /** int8 if its MCC is at most 0.005 below that of fp32. @example int8 */
  variant!: Precision;
  /** @example 'MCC on 527 validation rows: 0.5921 with int8, 0.5940 with fp32, at most 0.005 below.' */
  reason!: string;
}

/** What each precision is worth and what it costs. */
export class ServingDto {
  variants!: VariantsDto;
  /** What the precision `auto` stands for. */
  auto!: AutoPrecisionDto;
  /** How many sentences `medianSeconds` is of. @example 40 */
  sentences!: number;
  /** With how many threads. @example 8 */
  threads!: number;
}
