import { describe, expect, it } from 'vitest';
import { mostConnections, openFilesLimit } from './open-files.js';

describe('the greatest number of connections', () => {
  it.each([
    { asked: 16_384, limit: undefined, most: 16_384 },
    { asked: 16_384, limit: 1_048_576, most: 16_384 },
    { asked: 16_384, limit: 16_384, most: 16_128 },
    { asked: 16_384, limit: 1024, most: 768 },
    { asked: 16_384, limit: 200, most: 100 },
    { asked: 50, limit: 200, most: 50 },
  ])('leaves files to others: $asked of $limit', ({ asked, limit, most }) => {
    expect(mostConnections(asked, limit)).toBe(most);
  });

  it.runIf(process.platform === 'linux')('is known to the system', () => {
    expect(openFilesLimit()).toBeGreaterThan(0);
  });
});
