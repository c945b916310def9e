import type { JSX } from 'preact';
import type { ConfusionMatrixDto } from 'wellformed-client';
import { percent, whole } from '../format.js';
import { texts } from '../texts/en.js';

/** A confusion matrix. Each count is shaded by its share of the sentences with that label. */
export function ConfusionMatrix({ matrix }: { matrix: ConfusionMatrixDto }): JSX.Element {
  const { truePositives, falsePositives, trueNegatives, falseNegatives } = matrix;
  const rows = [
    { label: texts.matrix.acceptable, counts: [truePositives, falseNegatives], right: 0 },
    { label: texts.matrix.unacceptable, counts: [falsePositives, trueNegatives], right: 1 },
  ];
  return (
    <table class="matrix">
      <caption>{texts.matrix.caption}</caption>
      <thead>
        <tr>
          <td />
          <th scope="col">
            {texts.matrix.judged} {texts.matrix.acceptable}
          </th>
          <th scope="col">
            {texts.matrix.judged} {texts.matrix.unacceptable}
          </th>
        </tr>
      </thead>
      <tbody>
        {rows.map(({ label, counts, right }) => {
          const all = counts.reduce((sum, count) => sum + count, 0);
          return (
            <tr>
              <th scope="row">
                {texts.matrix.labelled} {label}
              </th>
              {counts.map((count, column) => (
                <td class={column === right ? 'right' : 'wrong'}>
                  <b>{whole(count)}</b> <small>{all > 0 ? percent(count / all) : '–'}</small>
                </td>
              ))}
            </tr>
          );
        })}
      </tbody>
    </table>
  );
}

/** A list of names and values. */
export function Facts({
  of,
}: {
  of: readonly (readonly [name: string, value: JSX.Element | string | null | undefined])[];
}): JSX.Element {
  return (
    <dl class="facts">
      {of.map(([name, value]) =>
        value === null || value === undefined ? null : (
          <div>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </div>
        ),
      )}
    </dl>
  );
}

export function Meter({ share, label }: { share: number; label: string }): JSX.Element {
  return <progress value={share} max={1} aria-label={label} />;
}

/** Warnings about some figures, in the API's words. */
export function Warnings({ of }: { of: readonly string[] }): JSX.Element | null {
  if (of.length === 0) return null;
  return (
    <ul class="problem" aria-label={texts.run.warnings}>
      {of.map((warning) => (
        <li>{warning}</li>
      ))}
    </ul>
  );
}
