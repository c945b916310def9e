import { describe, expect, it } from 'vitest';
import { checkNodeVersion } from './node-version.mjs';

describe('checkNodeVersion', () => {
  it.each(['20.19.0', '20.20.2', '22.12.0', '24.0.0', '24.21.0'])('accepts %s', (version) => {
    expect(() => checkNodeVersion(version)).not.toThrow();
  });

  it.each(['18.20.4', '20.18.3', '25.0.0', '26.1.0'])('refuses %s and says which to install', (version) => {
    expect(() => checkNodeVersion(version)).toThrow(`runs on Node 20.19 to 24; this is Node ${version}`);
  });
});
