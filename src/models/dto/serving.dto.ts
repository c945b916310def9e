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
  /** Mean difference between how sure judgements are and how often they are right, 0 to 1, in 15 bins. @example 0.074 */
  expectedCalibrationError!: number;
  /** The reliability diagram: judgements grouped by how sure they are, without empty groups. Absent for older versions. */
  @ApiProperty({ type: () => [ReliabilityBinDto], required: false })
  bins?: ReliabilityBinDto[];
}

/**
 * Whether what was fitted serves: only where the figure is better beyond its error on rows that were not fitted on. Versions that were
 * registered before this was asked have none of these fields: what they fitted serves.
 */
export class FitDto {
  /** The value fitted on all validation rows, whether it is used or not. @example 0.713 */
  fitted?: number;
  /** Whether predictions use it. @example true */
  used?: boolean;
  /** The reason, with the figures. */
  reason?: string;
}

export class CalibrationDto extends FitDto {
  /** The number that logits are divided by for calibrated scores: the fitted temperature if it is used, else 1. @example 1.62 */
  temperature!: number;
  /** Quality of the scores without calibration. */
  before!: CalibrationQualityDto;
  /** Quality with fitted temperatures, whether they are used or not. The temperature for each row was fitted on other rows (five folds). */
  after!: CalibrationQualityDto;
}

export class ThresholdQualityDto {
  /** @example 0.594 */
  mcc!: number;
  confusionMatrix!: ConfusionMatrixDto;
}

export class TunedThresholdDto extends FitDto {
  /** The threshold that `"threshold": "tuned"` uses: the one with the highest MCC on all validation rows if it is used, else 0.5. @example 0.713 */
  threshold!: number;
  /** Quality with the threshold 0.5. */
  before!: ThresholdQualityDto;
  /** Quality with fitted thresholds, whether they are used or not. The threshold for each row was chosen on other rows (five folds). Expect this quality on new sentences. */
  after!: ThresholdQualityDto;
}

export class VariantDto {
  /** Figures on the validation rows, computed as for `POST /predict`. */
  evaluation!: FiguresDto;
  /** Size of its graph and of the weights that it reads, in bytes. @example 174064321 */
  bytes!: number;
  /** Median time to compute one sentence alone, measured on the machine that trained. @example 0.0092 */
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
  /** What the precision `auto` means for this model. */
  auto!: AutoPrecisionDto;
  /** Number of sentences that `medianSeconds` was measured with. @example 40 */
  sentences!: number;
  /** Number of threads that `medianSeconds` was measured with. @example 8 */
  threads!: number;
}
