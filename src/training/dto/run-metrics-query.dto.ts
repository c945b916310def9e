import { WholeNumberField } from '../../api/number-fields.js';

export class RunMetricsQuery {
  @WholeNumberField({
    description:
      'Largest number of points in the answer. A longer curve is thinned evenly; its first and last points stay.',
    min: 2,
    max: 10_000,
    default: 1000,
  })
  points: number = 1000;
}
