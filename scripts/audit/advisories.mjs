/**
 * Packages whose known advisories have no effect here, and why. See docs/security.md, "Audit dependencies".
 * @type {Readonly<Record<string, string>>}
 */
export const explained = {
  tar: 'tfjs-node and node-pre-gyp install with it; no script of a package runs at installation, and the service never loads it.',
};

/**
 * Sorts the advisories of a report of `npm audit --json` (version 2), one line each. A package that is only
 * listed because it depends on one with an advisory has none itself.
 * @param {{ vulnerabilities: Record<string, { via: (string | { name: string, title: string, url: string,
 * severity: string })[] }> }} report
 * @returns {{ unexplained: string[], explained: string[], obsolete: string[] }} `obsolete`: explanations that
 * nothing needs any more
 */
export function sortAdvisories(report, explanations = explained) {
  const advisories = Object.values(report.vulnerabilities)
    .flatMap(({ via }) => via)
    .filter((cause) => typeof cause === 'object');
  const line = ({ name, severity, title, url }) => `${name} (${severity}): ${title}. ${url}`;
  const names = new Set(advisories.map(({ name }) => name));
  return {
    unexplained: advisories.filter(({ name }) => !(name in explanations)).map(line),
    explained: advisories.filter(({ name }) => name in explanations).map(line),
    obsolete: Object.keys(explanations).filter((name) => !names.has(name)),
  };
}
