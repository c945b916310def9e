import { describe, expect, it } from 'vitest';
import { Philox, shuffle, statelessPhilox } from './random.js';

const block = (key: [number, number], counter: number[]) => {
  const random = new Philox(key, counter);
  return [0, 1, 2, 3].map(() => random.nextUint32().toString(16).padStart(8, '0'));
};

describe('Philox', () => {
  it("gives the known answers of its authors' library (Random123)", () => {
    expect(block([0, 0], [0, 0, 0, 0])).toEqual(['6627e8d5', 'e169c58d', 'bc57ac4c', '9b00dbd8']);
    const ones = 0xffffffff;
    expect(block([ones, ones], [ones, ones, ones, ones])).toEqual([
      '408f276d',
      '41c83b0e',
      'a20bc7c6',
      '6d5451fd',
    ]);
    expect(block([0xa4093822, 0x299f31d0], [0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344])).toEqual([
      'd16cfe09',
      '94fdcceb',
      '5001e420',
      '24126ea1',
    ]);
  });

  it('counts on from block to block, with carry', () => {
    const random = new Philox([1, 2], [0xffffffff, 0, 0, 0]);
    for (let i = 0; i < 4; i++) random.nextUint32();
    expect(random.nextUint32()).toBe(new Philox([1, 2], [0, 1, 0, 0]).nextUint32());
  });

  it('draws normal numbers of mean 0 and deviation 1', () => {
    const random = statelessPhilox(7, 7);
    const values = Array.from({ length: 20_000 }, () => random.nextNormal());
    const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
    const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length;
    expect(Math.abs(mean)).toBeLessThan(0.03);
    expect(Math.abs(variance - 1)).toBeLessThan(0.05);
  });
});

describe('shuffle', () => {
  it('keeps every item, and each place is as likely for each', () => {
    const counts = [0, 0, 0, 0];
    for (let seed = 0; seed < 4000; seed++) {
      const items = shuffle(['a', 'b', 'c', 'd'], statelessPhilox(seed, 3));
      expect([...items].sort()).toEqual(['a', 'b', 'c', 'd']);
      counts[items.indexOf('a')]!++;
    }
    for (const count of counts) expect(Math.abs(count - 1000)).toBeLessThan(120);
  });
});
