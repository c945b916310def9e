import { expect, it } from 'vitest';
import { sortAdvisories } from './advisories.mjs';

const advisory = (name) => ({ name, title: 'It does', url: 'https://example.org/1', severity: 'high' });

/** The form that npm writes: `tfjs-node` has no advisory itself and names the package that has one. */
const report = {
  auditReportVersion: 2,
  vulnerabilities: {
    tar: { name: 'tar', via: [advisory('tar')] },
    'tfjs-node': { name: 'tfjs-node', via: ['tar'] },
    fastify: { name: 'fastify', via: [advisory('fastify'), 'tar'] },
  },
};

it('tells advisories that are explained from those that are not, and explanations that nothing needs', () => {
  expect(sortAdvisories(report, { tar: 'It is never loaded.', gone: 'It was.' })).toEqual({
    unexplained: ['fastify (high): It does. https://example.org/1'],
    explained: ['tar (high): It does. https://example.org/1'],
    obsolete: ['gone'],
  });
});

it('finds nothing where there is nothing', () => {
  expect(sortAdvisories({ vulnerabilities: {} }, {})).toEqual({
    unexplained: [],
    explained: [],
    obsolete: [],
  });
});
