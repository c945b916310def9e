export function quantile(values: readonly number[], share: number): number;
export function slope(points: readonly { x: number; y: number }[]): number;
