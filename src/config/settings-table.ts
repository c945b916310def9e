import { settingDescriptions } from './setting.js';
import './settings.js';

/** The text of `docs/configuration.md`: every setting, its default and what it does. */
export function configurationDocument(): string {
  const rows = settingDescriptions.map(
    ({ variable, default: fallback, description }) =>
      `| \`${variable}\` | ${fallback === '' ? 'none' : `\`${fallback}\``} | ${description.replaceAll('|', '\\|')} |`,
  );
  return `# Configuration

Set environment variables to configure the service. It reads them once, at the start. An empty variable counts as not set. If a value is
not valid, the service does not start and lists everything that is wrong. It warns of a \`WELLFORMED_…\` variable that is not in this table,
and suggests the name that you may have meant. A size is in bytes, or has a unit: \`512 MiB\`. A time has a unit: \`500 ms\`,
\`30 s\`, \`2 min\`.

| variable | default | what it does |
| --- | --- | --- |
${rows.join('\n')}

This page is written by \`npm run reference\` from [settings.ts](../src/config/settings.ts); \`npm run check\` compares the two.
`;
}
