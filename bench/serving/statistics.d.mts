export function quantile(values: readonly number[], share: number): number;
export function slope(points: readonly { x: number; y: number }[]): number;
export function lows(
  points: readonly { x: number; y: number }[],
  stretches: number,
): { x: number; y: number }[];
