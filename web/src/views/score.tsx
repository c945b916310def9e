import type { JSX } from 'preact';
import { useRef, useState } from 'preact/hooks';
import type { ScoredLine } from 'wellformed-client';
import { FileDrop } from '../parts/file-drop.js';
import { Meter } from '../parts/figures.js';
import { Problem } from '../parts/states.js';
import { parseTable, type Table } from '../table-file.js';
import { wellformed } from '../service.js';
import { texts } from '../texts/en.js';
import { useAction } from '../parts/action.js';

const t = texts.score;

/** Judges a file of any length in slices. The judgements can be saved. */
export function Score(): JSX.Element {
  const [table, setTable] = useState<{ name: string } & Table>();
  const [column, setColumn] = useState(0);
  const [judged, setJudged] = useState<readonly ScoredLine[]>([]);
  const [isCancelled, setCancelled] = useState(false);
  const abort = useRef<AbortController | undefined>(undefined);
  const sentences = table ? table.rows.map((row) => (row[column] ?? '').replaceAll(/\s+/g, ' ').trim()) : [];
  const count = sentences.filter(Boolean).length;

  const open = useAction(async (file: File) => {
    const parsed = parseTable(await file.text(), file.name);
    setTable({ name: file.name, ...parsed });
    setColumn(parsed.likelyColumn);
    setJudged([]);
    setCancelled(false);
  });
  const score = useAction(async () => {
    abort.current = new AbortController();
    setCancelled(false);
    const done: ScoredLine[] = [];
    let shownAt = 0;
    for await (const line of wellformed.scoreFile(sentences.join('\n'), { signal: abort.current.signal })) {
      done.push(line);
      // Do not redraw for each of many thousand lines.
      if (performance.now() - shownAt > 100) {
        shownAt = performance.now();
        setJudged([...done]);
      }
    }
    setJudged(done);
  });

  const failed = judged.filter(({ error }) => error !== undefined).length;
  const isDone = judged.length > 0 && !score.isBusy;
  return (
    <>
      <h1>{t.title}</h1>
      <p>{t.intro}</p>
      <FileDrop
        label={t.drop}
        accept=".tsv,.csv,.txt,text/*"
        disabled={score.isBusy}
        take={(file) => open.run(file)}
      />
      {open.error && <Problem error={open.error} />}
      {table && count === 0 && <p>{t.empty}</p>}
      {table && table.columns.length > 1 && (
        <label>
          {t.column}
          <select
            value={column}
            disabled={score.isBusy}
            onChange={({ currentTarget }) => setColumn(Number(currentTarget.value))}
          >
            {table.columns.map((name, index) => (
              <option value={index}>{t.columnName(name, (table.rows[0]?.[index] ?? '').slice(0, 40))}</option>
            ))}
          </select>
        </label>
      )}
      {count > 0 && (
        <p class="actions">
          <button class="primary" disabled={score.isBusy} onClick={() => score.run()}>
            {t.start(count)}
          </button>
          {score.isBusy && (
            <button
              onClick={() => {
                abort.current?.abort();
                setCancelled(true);
              }}
            >
              {texts.common.cancel}
            </button>
          )}
        </p>
      )}
      {score.error && <Problem error={score.error} retry={() => score.run()} />}
      {(score.isBusy || judged.length > 0) && (
        <div role="status">
          <Meter share={count === 0 ? 0 : judged.length / count} label={t.title} />
          <p>{t.progress(judged.length, count)}</p>
        </div>
      )}
      {isCancelled && !score.isBusy && <p>{t.cancelled}</p>}
      {isDone && table && (
        <>
          <p>
            {t.done(judged.filter(({ acceptable }) => acceptable).length, judged.length - failed, failed)}
          </p>
          <button
            class="primary"
            onClick={() => save(`${table.name.replace(/\.\w+$/, '')}.judged.tsv`, judged)}
          >
            {t.save}
          </button>
        </>
      )}
    </>
  );
}

function save(name: string, lines: readonly ScoredLine[]): void {
  const rows = [
    ['line', 'acceptable', 'score', 'calibratedScore', 'error', 'sentence'],
    ...lines.map(({ line, acceptable, score, calibratedScore, error, sentence }) => [
      line,
      acceptable === undefined ? '' : Number(acceptable),
      score ?? '',
      calibratedScore ?? '',
      error ?? '',
      sentence,
    ]),
  ];
  const url = URL.createObjectURL(
    new Blob([rows.map((row) => `${row.join('\t')}\n`).join('')], { type: 'text/tab-separated-values' }),
  );
  const link = Object.assign(document.createElement('a'), { href: url, download: name });
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), 60_000);
}
