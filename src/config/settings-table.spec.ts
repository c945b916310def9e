import { describe, expect, it } from 'vitest';
import { settingDescriptions } from './setting.js';
import { configurationDocument } from './settings-table.js';

describe('configurationDocument', () => {
  it('has a row of three cells for every setting', () => {
    const rows = configurationDocument()
      .split('\n')
      .filter((line) => line.startsWith('| `WELLFORMED_'));
    expect(rows.map((row) => /`(\w+)`/.exec(row)![1])).toEqual(
      settingDescriptions.map(({ variable }) => variable),
    );
    for (const row of rows) expect(row.split(/(?<!\\)\|/), row).toHaveLength(5);
  });
});
