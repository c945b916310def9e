import type { Philox } from '../random.js';

/**
 * Draws from a binomial distribution: the number of successes in `trials`, each with `probability`. The draw
 * is exact, and its time does not grow with `trials`. Source: Hörmann, "The generation of binomial random
 * variates" (1993), algorithm BTRS. Inversion is used where few successes are expected.
 */
export function drawBinomial(trials: number, probability: number, random: Philox): number {
  if (trials === 0 || probability <= 0) return 0;
  if (probability >= 1) return trials;
  if (probability > 0.5) return trials - drawBinomial(trials, 1 - probability, random);
  return trials * probability < 10
    ? drawByWaiting(trials, probability, random)
    : drawByRejection(trials, probability, random);
}

/** Counts the geometric waits between successes. */
function drawByWaiting(trials: number, probability: number, random: Philox): number {
  const scale = Math.log1p(-probability);
  let successes = -1;
  let position = 0;
  do {
    position += Math.floor(Math.log(uniform(random)) / scale) + 1;
    successes++;
  } while (position <= trials);
  return successes;
}

function drawByRejection(trials: number, probability: number, random: Philox): number {
  const deviation = Math.sqrt(trials * probability * (1 - probability));
  const b = 1.15 + 2.53 * deviation;
  const a = -0.0873 + 0.0248 * b + 0.01 * probability;
  const c = trials * probability + 0.5;
  const accepted = 0.92 - 4.2 / b;
  const alpha = (2.83 + 5.1 / b) * deviation;
  const mode = Math.floor((trials + 1) * probability);
  for (;;) {
    const u = uniform(random) - 0.5;
    const v = uniform(random);
    const distance = 0.5 - Math.abs(u);
    const k = Math.floor(((2 * a) / distance + b) * u + c);
    if (distance >= 0.07 && v <= accepted) return k;
    if (k < 0 || k > trials) continue;
    const height = Math.log((v * alpha) / (a / (distance * distance) + b));
    // log of P(k) / P(mode)
    const odds = Math.log(probability / (1 - probability));
    const bound =
      logFactorial(mode) +
      logFactorial(trials - mode) -
      logFactorial(k) -
      logFactorial(trials - k) +
      (k - mode) * odds;
    if (height <= bound) return k;
  }
}

/** Strictly between 0 and 1, with more digits than a float32. Otherwise rare tails would never be drawn. */
function uniform(random: Philox): number {
  return (random.nextUint32() + 0.5) / 0x1_0000_0000;
}

/** Stirling's series, exact to about 1e-12 from 16 on. Smaller values use the sum. */
function logFactorial(n: number): number {
  if (n < 16) {
    let sum = 0;
    for (let factor = 2; factor <= n; factor++) sum += Math.log(factor);
    return sum;
  }
  const x = n + 1;
  const square = x * x;
  const series = 1 / (12 * x) - 1 / (360 * x * square) + 1 / (1260 * x * square * square);
  return (x - 0.5) * Math.log(x) - x + 0.5 * Math.log(2 * Math.PI) + series;
}
