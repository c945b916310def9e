import { hyperparameters, type Hyperparameter } from '../bert/fine-tuning/hyperparameters.js';

/** `docs/hyperparameters.md`: every hyperparameter, its default, its values and what it does. */
export function hyperparametersDocument(
  table: Readonly<Record<string, Hyperparameter>> = hyperparameters,
): string {
  const rows = (isOption: boolean) =>
    Object.entries(table)
      .filter(([, hyperparameter]) => (hyperparameter.isOption ?? false) === isOption)
      .map(([name, hyperparameter]) => rowOf(name, hyperparameter))
      .join('\n');
  const head = '| field | default | values | what it does |\n| --- | --- | --- | --- |';
  return `# Hyperparameters

These are fields of \`POST /train\`, in JSON and in a form. [api.md](api.md) has its other fields.

## What the article sets

The defaults are the values of the article, as [results.md](results.md) has them.

${head}
${rows(false)}

## Options

These options of published recipes go beyond the article. All are off by default, and you can combine them.

${head}
${rows(true)}

\`npm run reference\` writes this page from [hyperparameters.ts](../src/bert/fine-tuning/hyperparameters.ts), and \`npm run check\` compares the two.
`;
}

function rowOf(name: string, { default: fallback, values, says, source }: Hyperparameter): string {
  const from = source ? ` ([${source.name}](${source.url}))` : '';
  return `| \`${name}\` | \`${String(fallback)}\` | ${values} | ${says}${from} |`;
}
