import type { JSX } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import type { ComparisonDto, JudgementDto, ModelSummaryDto, WordEffectDto } from 'wellformed-client';
import { FirstRun } from '../parts/catalogue.js';
import { CodeSamples, CopyButton } from '../parts/copy.js';
import { Empty, Show } from '../parts/states.js';
import { percent } from '../format.js';
import { hrefTo, route } from '../router.js';
import { useSettled } from '../parts/settled.js';
import { useLoaded, wellformed } from '../service.js';
import { texts } from '../texts/en.js';
import { samplesFor } from './samples.js';

const t = texts.try;

/** Delay between the last key press and the request, in milliseconds. */
const PAUSE_MS = 250;
/** The maximum number of sentences per request, also in pairs. */
const MOST_LINES = 256;

interface Options {
  model: string;
  second: string;
  threshold: 'default' | 'tuned';
  mode: 'sentences' | 'pairs';
}

/** Judges sentences while they are typed. */
export function Try(): JSX.Element {
  const [text, setText] = useState(() => route.value.query.get('s') ?? '');
  const [options, setOptions] = useState<Options>({
    model: route.value.query.get('model') ?? 'production',
    second: '',
    threshold: 'default',
    mode: route.value.query.get('mode') === 'pairs' ? 'pairs' : 'sentences',
  });
  const settled = useSettled(text, PAUSE_MS);
  const lines = settled.split('\n').map((line) => line.trim());
  const sentences = lines.filter(Boolean).slice(0, MOST_LINES);
  const models = useLoaded((signal) => wellformed.api.models.list({ query: { limit: 100 }, signal }), []);

  if (models.value?.items.length === 0) {
    return (
      <>
        <h1>{t.title}</h1>
        <Empty text={t.noModel}>
          <FirstRun />
        </Empty>
      </>
    );
  }
  const change = (changed: Partial<Options>) => setOptions({ ...options, ...changed });
  return (
    <>
      <h1>{t.title}</h1>
      <p>{t.intro}</p>
      <OptionFields options={options} models={models.value?.items ?? []} change={change} />
      <label class="wide">
        {t.label}
        <textarea
          rows={6}
          dir="auto"
          spellcheck={false}
          placeholder={t.placeholder}
          value={text}
          onInput={({ currentTarget }) => setText(currentTarget.value)}
        />
      </label>
      {lines.filter(Boolean).length > MOST_LINES && <p class="note">{t.tooMany(MOST_LINES)}</p>}
      {sentences.length > 0 &&
        (options.mode === 'pairs' ? (
          <Pairs sentences={sentences} options={options} />
        ) : (
          <div class={options.second ? 'columns' : ''}>
            <Judgements sentences={sentences} options={options} model={options.model} />
            {options.second && <Judgements sentences={sentences} options={options} model={options.second} />}
          </div>
        ))}
      <p class="actions">
        <CopyButton
          label={t.link}
          text={() =>
            new URL(
              hrefTo(['try'], { s: text, ...(options.mode === 'pairs' && { mode: 'pairs' }) }),
              location.href,
            ).href
          }
        />
      </p>
      <details>
        <summary>{t.code}</summary>
        <CodeSamples of={samplesFor(sentences, options.model)} />
      </details>
    </>
  );
}

function OptionFields({
  options,
  models,
  change,
}: {
  options: Options;
  models: readonly ModelSummaryDto[];
  change: (changed: Partial<Options>) => void;
}) {
  const aliases = [...new Set(models.flatMap((model) => model.aliases))];
  const choices = [...new Set(['production', ...aliases])].map((name) => ({ value: name, text: name }));
  for (const { id, name } of models) choices.push({ value: id, text: name });
  return (
    <div class="fields">
      <label>
        {t.model}
        <select
          value={options.model}
          onChange={({ currentTarget }) => change({ model: currentTarget.value })}
        >
          {choices.map(({ value, text }) => (
            <option value={value}>{text}</option>
          ))}
        </select>
      </label>
      <label>
        {t.threshold}
        <select
          value={options.threshold}
          onChange={({ currentTarget }) => change({ threshold: currentTarget.value as Options['threshold'] })}
        >
          {Object.entries(t.thresholds).map(([value, text]) => (
            <option value={value}>{text}</option>
          ))}
        </select>
      </label>
      <label>
        {t.mode}
        <select
          value={options.mode}
          onChange={({ currentTarget }) => change({ mode: currentTarget.value as Options['mode'] })}
        >
          {Object.entries(t.modes).map(([value, text]) => (
            <option value={value}>{text}</option>
          ))}
        </select>
      </label>
      {options.mode === 'sentences' && (
        <label>
          {t.second}
          <select
            value={options.second}
            onChange={({ currentTarget }) => change({ second: currentTarget.value })}
          >
            <option value="">{texts.common.none}</option>
            {choices
              .filter(({ value }) => value !== options.model)
              .map(({ value, text }) => (
                <option value={value}>{text}</option>
              ))}
          </select>
        </label>
      )}
    </div>
  );
}

function Judgements({
  sentences,
  options,
  model,
}: {
  sentences: readonly string[];
  options: Options;
  model: string;
}) {
  const { threshold } = options;
  const judged = useLoaded(
    async (signal) => ({
      sentences,
      answer: await wellformed.judge(sentences, { model, threshold, signal }),
    }),
    [sentences.join('\n'), model, threshold],
  );
  // The line that was focused last is the one that is explained.
  const [explained, setExplained] = useState<string>();
  return (
    <section>
      <Show of={judged}>
        {({ sentences: shown, answer }) => (
          <>
            <h2>{answer.model.name}</h2>
            <p aria-live="polite" class="note">
              {t.summary(
                answer.predictions.filter(({ acceptable }) => acceptable).length,
                answer.predictions.length,
              )}
            </p>
            <ol class="judgements">
              {answer.predictions.map((judgement, index) => {
                const sentence = shown[index]!;
                return (
                  <li>
                    <button
                      class="judgement"
                      aria-expanded={explained === sentence}
                      title={t.explain}
                      onClick={() => setExplained(explained === sentence ? undefined : sentence)}
                    >
                      <Sentence sentence={sentence} judgement={judgement} />
                    </button>
                    {explained === sentence && <Explanation sentence={sentence} model={model} />}
                  </li>
                );
              })}
            </ol>
          </>
        )}
      </Show>
    </section>
  );
}

function Sentence({ sentence, judgement }: { sentence: string; judgement: JudgementDto }) {
  const { acceptable, score, calibratedScore, truncated } = judgement;
  return (
    <>
      <span class={acceptable ? 'verdict good' : 'verdict bad'}>
        <span aria-hidden="true">{acceptable ? '' : '*'}</span>
        <span class="visually-hidden">{acceptable ? t.acceptable : t.unacceptable}: </span>
        <bdi class="sentence">{sentence}</bdi>
      </span>
      <span class="score">
        <span class="bar" aria-hidden="true">
          <span style={{ inlineSize: `${100 * score}%` }} class={acceptable ? 'good' : 'bad'} />
        </span>
        <span title={t.scoreOf(percent(score, 1))}>
          {calibratedScore === null ? t.scoreOf(percent(score)) : t.calibrated(percent(calibratedScore))}
        </span>
      </span>
      {truncated && <span class="note">{t.truncated}</span>}
    </>
  );
}

function Explanation({ sentence, model }: { sentence: string; model: string }) {
  const explained = useLoaded(
    (signal) => wellformed.judge(sentence, { model, explain: true, signal }),
    [sentence, model],
  );
  return (
    <div class="explanation">
      <Show of={explained}>
        {({ score, explanation = [] }) => (
          <>
            <p class="words" dir="auto">
              {wordsOf(sentence, explanation).map(({ text, effect }) =>
                effect ? <Word text={text} effect={effect} whole={score} /> : text,
              )}
            </p>
            <p class="note">{t.hurts}</p>
          </>
        )}
      </Show>
    </div>
  );
}

/** A word that lowers the score is shaded and underlined, so that colour is not the only sign. */
function Word({ text, effect, whole }: { text: string; effect: WordEffectDto; whole: number }) {
  if (effect.change === null || effect.score === null) return <span title={t.onlyWord}>{text}</span>;
  const strength = Math.min(4, Math.ceil(8 * Math.abs(effect.change)));
  const says = t.without(text, whole.toFixed(2), effect.score.toFixed(2));
  return (
    <span class={`word ${effect.change < 0 ? 'hurts' : 'helps'} by-${strength}`} tabIndex={0} title={says}>
      {text}
      <span class="visually-hidden"> ({says})</span>
    </span>
  );
}

/** Splits the sentence into its words and the text between them. */
function wordsOf(
  sentence: string,
  effects: readonly WordEffectDto[],
): { text: string; effect?: WordEffectDto }[] {
  const parts: { text: string; effect?: WordEffectDto }[] = [];
  let end = 0;
  for (const effect of effects) {
    if (effect.start > end) parts.push({ text: sentence.slice(end, effect.start) });
    parts.push({ text: sentence.slice(effect.start, effect.end), effect });
    end = effect.end;
  }
  return [...parts, { text: sentence.slice(end) }];
}

function Pairs({
  sentences,
  options: { model, threshold },
}: {
  sentences: readonly string[];
  options: Options;
}) {
  const pairs = Array.from({ length: Math.floor(sentences.length / 2) }, (_, index) => ({
    a: sentences[2 * index]!,
    b: sentences[2 * index + 1]!,
  }));
  const compared = useLoaded(
    async (signal) =>
      pairs.length === 0
        ? undefined
        : { pairs, answer: await wellformed.compare(pairs, { model, threshold, signal }) },
    [sentences.join('\n'), model, threshold],
  );
  return (
    <section>
      {sentences.length % 2 === 1 && <p class="note">{t.pairsOdd}</p>}
      <Show of={compared}>
        {(shown) =>
          shown && (
            <ol class="pairs">
              {shown.answer.pairs.map((comparison, index) => (
                <Pair pair={shown.pairs[index]!} comparison={comparison} />
              ))}
            </ol>
          )
        }
      </Show>
    </section>
  );
}

function Pair({ pair, comparison }: { pair: { a: string; b: string }; comparison: ComparisonDto }) {
  const { preferred } = comparison;
  return (
    <li>
      {(['a', 'b'] as const).map((letter) => (
        <div class={preferred === letter ? 'preferred' : ''}>
          <b>{letter}</b> <Sentence sentence={pair[letter]} judgement={comparison[letter]} />
        </div>
      ))}
      <p class="note">{preferred === null ? t.equal : t.prefers(preferred)}</p>
    </li>
  );
}
