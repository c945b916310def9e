/** What nothing in this repository pins by its sum is downloaded only where somebody asks for it. */
export const VARIABLE = 'WELLFORMED_UNVERIFIED_DOWNLOADS';

export function mayDownloadUnverified(environment = process.env) {
  return environment[VARIABLE] === '1';
}
