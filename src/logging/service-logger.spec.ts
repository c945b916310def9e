import { describe, expect, it } from 'vitest';
import { plainLine } from './service-logger.js';

describe('a line of the text log', () => {
  it.each([
    ['a name\nERROR [Auth] key stolen', 'a name\n    ERROR [Auth] key stolen'],
    ['red \u001b[31malert\u001b[0m', 'red \\u001b[31malert\\u001b[0m'],
    ['over\rwritten\u0007', 'over\\u000dwritten\\u0007'],
    ['turned \u202eround\u202c, \u2028line', 'turned \\u202eround\\u202c, \\u2028line'],
    ['plain, also Ünïcödé 😀', 'plain, also Ünïcödé 😀'],
  ])('shows %j as %j', (text, line) => {
    expect(plainLine(text)).toBe(line);
  });
});
