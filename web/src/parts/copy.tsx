import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import { texts } from '../texts/en.js';

export function CopyButton({
  text,
  label = texts.common.copy,
}: {
  text: () => string;
  label?: string;
}): JSX.Element {
  const [isDone, setDone] = useState(false);
  return (
    <button
      class="quiet"
      onClick={() => {
        void navigator.clipboard.writeText(text()).then(() => {
          setDone(true);
          setTimeout(() => setDone(false), 2000);
        });
      }}
    >
      {isDone ? texts.common.copied : label}
    </button>
  );
}

/** The same request in several languages. */
export function CodeSamples({
  of,
}: {
  of: readonly (readonly [language: string, code: string])[];
}): JSX.Element {
  return (
    <div class="samples">
      {of.map(([language, code]) => (
        <section>
          <h3>{language}</h3>
          <pre tabIndex={0}>
            <code>{code}</code>
          </pre>
          <CopyButton text={() => code} />
        </section>
      ))}
    </div>
  );
}
