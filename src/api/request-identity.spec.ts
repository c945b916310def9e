import { describe, expect, it } from 'vitest';
import { requestIdOf, traceIdOf } from './request-identity.js';

describe('the id of a request', () => {
  it('is the one that it brings along, where that is harmless', () => {
    for (const id of ['a', '4bf92f35-77b3', 'Root=1-67891233-abcdef012345678912345678', 'x'.repeat(128)]) {
      expect(requestIdOf({ headers: { 'x-request-id': id } })).toBe(id);
    }
  });

  it('is a new one where it brings none, or one that a log could stumble over', () => {
    for (const id of [undefined, '', 'two words', 'a\nb', '"', 'é', 'x'.repeat(129)]) {
      expect(requestIdOf({ headers: { 'x-request-id': id } })).toMatch(/^req_[0-9a-f]{12}_[0-9a-z]+$/);
    }
    expect(requestIdOf({ headers: {} })).not.toBe(requestIdOf({ headers: {} }));
  });
});

describe('the trace of a request', () => {
  const trace = '4bf92f3577b34da6a3ce929d0e0e4736';
  const parent = '00f067aa0ba902b7';

  it('is the one of traceparent, in later versions of it too', () => {
    expect(traceIdOf({ traceparent: `00-${trace}-${parent}-01` })).toBe(trace);
    expect(traceIdOf({ traceparent: `cc-${trace}-${parent}-00-more` })).toBe(trace);
  });

  it('is none where traceparent is none', () => {
    const wrong = [
      undefined,
      '',
      trace,
      `00-${'0'.repeat(32)}-${parent}-01`,
      `00-${trace}-${'0'.repeat(16)}-01`,
      `00-${trace.toUpperCase()}-${parent}-01`,
      `ff-${trace}-${parent}-01`,
      `00-${trace}-${parent}`,
    ];
    for (const traceparent of wrong) expect(traceIdOf({ traceparent })).toBeUndefined();
  });
});
