/** The time as part of a file's name, such as `20261123T235959123Z`: names sort by it. */
export function timeInNames(): string {
  return new Date().toISOString().replace(/[-:.]/g, '');
}
