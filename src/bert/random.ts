/**
 * Philox4x32-10, the counter-based generator of Salmon et al., "Parallel random numbers: as easy as 1, 2, 3"
 * (2011). TensorFlow's stateless random ops use it too, with the seeding of {@link statelessPhilox}. So one
 * seed gives the same dropout masks, batch order and new weights on every engine, and a run can continue
 * without stored state.
 */
export class Philox {
  private readonly key: readonly [number, number];
  private readonly counter: Uint32Array;
  private readonly block = new Uint32Array(4);
  private used = 4;

  constructor(key: readonly [number, number], counter: ArrayLike<number>) {
    this.key = key;
    this.counter = Uint32Array.from(counter);
  }

  /** The next 32 random bits, as an unsigned integer. */
  nextUint32(): number {
    if (this.used === 4) {
      philoxBlock(this.key[0], this.key[1], this.counter, this.block);
      incrementCounter(this.counter);
      this.used = 0;
    }
    return this.block[this.used++]!;
  }

  /** Uniform in [0, 1), from 23 random bits, like TensorFlow's float32. */
  nextFloat(): number {
    return (this.nextUint32() & 0x7fffff) / 0x800000;
  }

  /** Uniform in 0 … `bound` - 1, without the bias of a plain remainder. */
  nextInteger(bound: number): number {
    const limit = 0x1_0000_0000 - (0x1_0000_0000 % bound);
    for (;;) {
      const value = this.nextUint32();
      if (value < limit) return value % bound;
    }
  }

  /** Standard normal, by the Box–Muller transform. */
  nextNormal(): number {
    const radius = Math.sqrt(-2 * Math.log(1 - this.nextFloat()));
    return radius * Math.cos(2 * Math.PI * this.nextFloat());
  }
}

/** The generator of `tf.random.stateless_uniform(shape, [seed0, seed1])`. Both seeds are int32. */
export function statelessPhilox(seed0: number, seed1: number): Philox {
  // TensorFlow scrambles the seeds with one Philox block under a fixed key (GenerateKey in stateless_random_ops.cc).
  const mixed = new Uint32Array(4);
  const sign = (seed: number) => (seed < 0 ? 0xffffffff : 0);
  philoxBlock(0x3ec8f720, 0x02461e29, [seed0, sign(seed0), seed1, sign(seed1)], mixed);
  return new Philox([mixed[0]!, mixed[1]!], [0, 0, mixed[2]!, mixed[3]!]);
}

/** Shuffles `items` in place (Fisher–Yates). */
export function shuffle<T>(items: T[], random: Philox): T[] {
  for (let i = items.length - 1; i > 0; i--) {
    const j = random.nextInteger(i + 1);
    [items[i], items[j]] = [items[j]!, items[i]!];
  }
  return items;
}

function philoxBlock(key0: number, key1: number, counter: ArrayLike<number>, out: Uint32Array): void {
  let c0 = counter[0]! >>> 0;
  let c1 = counter[1]! >>> 0;
  let c2 = counter[2]! >>> 0;
  let c3 = counter[3]! >>> 0;
  for (let round = 0; round < 10; round++) {
    const high0 = multiplyHigh(0xd2511f53, c0);
    const low0 = Math.imul(0xd2511f53, c0);
    const high1 = multiplyHigh(0xcd9e8d57, c2);
    const low1 = Math.imul(0xcd9e8d57, c2);
    c0 = high1 ^ c1 ^ key0;
    c1 = low1;
    c2 = high0 ^ c3 ^ key1;
    c3 = low0;
    key0 = (key0 + 0x9e3779b9) | 0;
    key1 = (key1 + 0xbb67ae85) | 0;
  }
  out[0] = c0;
  out[1] = c1;
  out[2] = c2;
  out[3] = c3;
}

/** The upper 32 bits of the 64-bit product of two unsigned 32-bit integers. */
function multiplyHigh(a: number, b: number): number {
  const aLow = a & 0xffff;
  const aHigh = a >>> 16;
  const bLow = b & 0xffff;
  const bHigh = b >>> 16;
  const low = aLow * bLow;
  const middle = aHigh * bLow + (low >>> 16);
  const carry = aLow * bHigh + (middle % 0x10000);
  return (aHigh * bHigh + Math.floor(middle / 0x10000) + Math.floor(carry / 0x10000)) | 0;
}

function incrementCounter(counter: Uint32Array): void {
  for (let i = 0; i < 4; i++) {
    counter[i] = counter[i]! + 1;
    if (counter[i] !== 0) return;
  }
}
