import { quantile } from '../harness/statistics.mjs';

// test/operations uses the same functions.
export { quantile };

/**
 * Returns how much `y` grows with `x`: the median of the slopes between pairs (Theil, 1950; Sen, 1968).
 * Single outliers do not affect it.
 * @param {{x: number, y: number}[]} points
 * @returns 0 for fewer than two points
 */
export function slope(points) {
  const slopes = [];
  for (let i = 0; i < points.length; i++) {
    for (let j = i + 1; j < points.length; j++) {
      if (points[j].x !== points[i].x) slopes.push((points[j].y - points[i].y) / (points[j].x - points[i].x));
    }
  }
  return slopes.length === 0 ? 0 : quantile(slopes, 0.5);
}

/**
 * Returns the lowest point of each stretch of `x`: the base of a value that rises and falls like a saw.
 * @param {{x: number, y: number}[]} points in order of `x`
 * @param {number} stretches number of stretches of equal length. Each must have a point
 */
export function lows(points, stretches) {
  const [begin, end] = [points[0].x, points.at(-1).x];
  const stretchOf = ({ x }) => Math.min(stretches - 1, Math.floor((stretches * (x - begin)) / (end - begin)));
  return Array.from({ length: stretches }, (_, i) =>
    points
      .filter((point) => stretchOf(point) === i)
      .reduce((least, point) => (point.y < least.y ? point : least)),
  );
}
