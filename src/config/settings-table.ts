import { settingDescriptions } from './setting.js';
import './settings.js';

/** `docs/configuration.md`: every setting, its default and what it does. */
export function configurationDocument(): string {
  const rows = settingDescriptions.map(
    ({ variable, default: fallback, description }) =>
      `| \`${variable}\` | ${fallback === '' ? 'none' : `\`${fallback}\``} | ${description.replaceAll('|', '\\|')} |`,
  );
  return `# Configuration

The service is told what to do by environment variables, read once at the start. An empty one counts as not set. What does not
validate stops the start with the whole list of what is wrong; a \`WELLFORMED_…\` variable that is not in this table is warned of,
with the name that was probably meant. Sizes are bytes or take a unit, \`512 MiB\`; times take one, \`500 ms\`, \`30 s\`, \`2 min\`.

| variable | default | what it does |
| --- | --- | --- |
${rows.join('\n')}

This page is written by \`npm run reference\` from [settings.ts](../src/config/settings.ts); \`npm run check\` compares the two.
`;
}
