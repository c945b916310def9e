import { ApiProperty } from '@nestjs/swagger';
import type { Precision } from '../../bert/onnx/precisions.js';
import type { ConfusionMatrixDto, FiguresDto } from './figures.dto.js';

export class ReliabilityBinDto {
  /** @example 83 */
  @ApiProperty({ type: 'integer' })
  rows!: number;
  /** Mean probability of the judged label, 0.5 to 1. @example 0.87 */
  confidence!: number;
  /** Share of the judgements that are right. @example 0.81 */
  accuracy!: number;
}

export class CalibrationQualityDto {
  /** Mean cross-entropy. @example 0.437 */
  loss!: number;
  /** Expected calibration error with 15 bins: the mean difference between confidence and accuracy, 0 to 1. @example 0.074 */
  expectedCalibrationError!: number;
  /** The reliability diagram: judgements grouped by confidence, without empty groups. Absent for older versions. */
  @ApiProperty({ type: () => [ReliabilityBinDto], required: false })
  bins?: ReliabilityBinDto[];
}

/**
 * Whether predictions use the fitted value. They use it only if it improves the figure by more than the
 * figure's error on rows that were not used for fitting. Older versions lack these fields: their predictions
 * always use the fitted value.
 */
export class FitDto {
  /** The value that was fitted on all validation rows, whether it is used or not. @example 0.713 */
  fitted?: number;
  /** Whether predictions use the fitted value. @example true */
  used?: boolean;
  /** Why it is used or not, with the figures. */
  reason?: string;
}

export class CalibrationDto extends FitDto {
  /** The temperature by which logits are divided for calibrated scores: the fitted one if it is used, else 1. @example 1.62 */
  temperature!: number;
  /** Quality of the scores without calibration. */
  before!: CalibrationQualityDto;
  /** Quality with fitted temperatures, whether they are used or not. The temperature of each row was fitted on other rows (five folds). */
  after!: CalibrationQualityDto;
}

export class ThresholdQualityDto {
  /** @example 0.594 */
  mcc!: number;
  confusionMatrix!: ConfusionMatrixDto;
}

export class TunedThresholdDto extends FitDto {
  /** The threshold for `"threshold": "tuned"`: the one with the highest MCC on all validation rows if it is used, else 0.5. @example 0.713 */
  threshold!: number;
  /** Quality with the threshold 0.5. */
  before!: ThresholdQualityDto;
  /** Quality with fitted thresholds, whether they are used or not. The threshold of each row was chosen on other rows (five folds), so this is the expected quality on new sentences. */
  after!: ThresholdQualityDto;
}

export class VariantDto {
  /** Quality on the validation rows, computed as for `POST /predict`. */
  evaluation!: FiguresDto;
  /** Size of the graph and the weights of this precision, in bytes. @example 174064321 */
  bytes!: number;
  /** Median time to compute a single sentence, in seconds, measured on the machine that trained the model. @example 0.0092 */
  medianSeconds!: number;
  calibration!: CalibrationDto;
  threshold!: TunedThresholdDto;
}

export class VariantsDto {
  /** The trained weights in float32. */
  fp32!: VariantDto;
  /** The linear layers in 8-bit integers. */
  int8!: VariantDto;
}

export class AutoPrecisionDto {
  /** The chosen precision: int8 if its MCC is at most 0.005 below that of fp32. @example int8 */
  variant!: Precision;
  /** @example 'MCC on 527 validation rows: 0.5921 with int8, 0.5940 with fp32, at most 0.005 below.' */
  reason!: string;
}

/** Quality and cost of each precision. */
export class ServingDto {
  variants!: VariantsDto;
  /** The precision that `auto` stands for. */
  auto!: AutoPrecisionDto;
  /** Number of sentences with which `medianSeconds` was measured. @example 40 */
  sentences!: number;
  /** Number of threads with which `medianSeconds` was measured. @example 8 */
  threads!: number;
}
