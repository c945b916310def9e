/** Files without a hash in this repository are only downloaded on request. */
export const VARIABLE = 'WELLFORMED_UNVERIFIED_DOWNLOADS';

export function mayDownloadUnverified(environment = process.env) {
  return environment[VARIABLE] === '1';
}
