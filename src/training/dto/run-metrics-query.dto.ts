import { WholeNumberField } from '../../api/number-fields.js';

export class RunMetricsQuery {
  @WholeNumberField({
    description:
      'How many points to give at most: of a longer curve so many, evenly spread, its first and last among them.',
    min: 2,
    max: 10_000,
    default: 1000,
  })
  points: number = 1000;
}
