import type { JSX } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import { Dialog } from './parts/dialog.js';
import { lazily } from './parts/lazily.js';
import { usesShortcuts } from './preferences.js';
import { goTo, hrefTo, route } from './router.js';
import { isConnected, isLoading, useKey, wantsKey } from './service.js';
import { texts } from './texts/en.js';
import { Try } from './views/try.js';

type View = keyof typeof texts.views;

/** Every view except the first is loaded when it is opened. */
const views = {
  score: lazily(texts.score.title, async () => (await import('./views/score.js')).Score),
  data: lazily(texts.data.title, async () => (await import('./views/data.js')).Data),
  dataset: lazily(texts.data.one, async () => (await import('./views/dataset.js')).Dataset),
  train: lazily(texts.train.title, async () => (await import('./views/train.js')).Train),
  runs: lazily(texts.runs.title, async () => (await import('./views/runs.js')).Runs),
  run: lazily(texts.run.one, async () => (await import('./views/run.js')).Run),
  compare: lazily(texts.compare.title, async () => (await import('./views/compare.js')).Compare),
  sweeps: lazily(texts.sweeps.title, async () => (await import('./views/sweeps.js')).Sweeps),
  newSweep: lazily(texts.newSweep.title, async () => (await import('./views/new-sweep.js')).NewSweep),
  sweep: lazily(texts.sweep.one, async () => (await import('./views/sweep.js')).Sweep),
  models: lazily(texts.models.title, async () => (await import('./views/models.js')).Models),
  model: lazily(texts.model.one, async () => (await import('./views/model.js')).Model),
  aliases: lazily(texts.aliases.title, async () => (await import('./views/aliases.js')).Aliases),
  system: lazily(texts.system.title, async () => (await import('./views/system.js')).System),
};

/** Keyboard shortcuts that open the views. */
const SHORTCUTS: Readonly<Record<string, View>> = {
  t: 'try',
  f: 'score',
  d: 'data',
  n: 'train',
  r: 'runs',
  w: 'sweeps',
  m: 'models',
  a: 'aliases',
  s: 'system',
};

export function App(): JSX.Element {
  const { path } = route.value;
  const main = useRef<HTMLElement>(null);
  const isFirst = useRef(true);
  const [helps, setHelps] = useState(false);

  // Screen readers announce a new view by its heading.
  useEffect(() => {
    if (isFirst.current) {
      isFirst.current = false;
      return;
    }
    return focusHeading(main.current!);
  }, [path.join('/')]);

  useEffect(() => {
    const pressed = (event: KeyboardEvent) => {
      const { target } = event;
      const types =
        target instanceof HTMLElement && target.matches('input, textarea, select, [contenteditable]');
      if (
        types ||
        !usesShortcuts.value ||
        event.ctrlKey ||
        event.metaKey ||
        event.altKey ||
        document.querySelector('dialog[open]')
      )
        return;
      if (event.key === '?') setHelps(true);
      else if (SHORTCUTS[event.key]) goTo([SHORTCUTS[event.key]!]);
    };
    addEventListener('keydown', pressed);
    return () => removeEventListener('keydown', pressed);
  }, []);

  return (
    <>
      <a
        class="skip"
        href="#main"
        onClick={(event) => {
          event.preventDefault();
          main.current?.focus();
        }}
      >
        {texts.skip}
      </a>
      <Header current={path[0] ?? 'try'} />
      {!isConnected.value && (
        <p class="banner" role="status">
          {texts.connection.lost}
        </p>
      )}
      <main id="main" ref={main} tabIndex={-1} aria-busy={isLoading}>
        <Current path={path} />
      </main>
      {wantsKey.value && <AskForKey isWrong={wantsKey.value === 'wrong'} />}
      {helps && <ShortcutList close={() => setHelps(false)} />}
    </>
  );
}

/**
 * Focuses the heading, and the one that replaces it while the view loads.
 * @returns a function that stops this
 */
function focusHeading(main: HTMLElement): () => void {
  let focused: HTMLElement | null = null;
  const focus = () => {
    const heading = main.querySelector('h1');
    // Do not move the focus if the reader has moved it meanwhile.
    if (!heading || heading === focused || (focused && document.activeElement !== document.body)) return;
    focused = heading;
    heading.setAttribute('tabindex', '-1');
    heading.focus();
  };
  const observer = new MutationObserver(focus);
  observer.observe(main, { childList: true, subtree: true });
  focus();
  return () => observer.disconnect();
}

function Header({ current }: { current: string }) {
  return (
    <header>
      <a class="brand" href={hrefTo(['try'])}>
        {texts.name}
      </a>
      <nav aria-label={texts.name}>
        <ul>
          {Object.entries(texts.views).map(([view, text]) => (
            <li>
              <a href={hrefTo([view])} aria-current={view === current ? 'page' : undefined}>
                {text}
              </a>
            </li>
          ))}
        </ul>
      </nav>
    </header>
  );
}

function Current({ path: [view = 'try', id] }: { path: readonly string[] }) {
  switch (view) {
    case 'try':
      return <Try />;
    case 'score':
      return <views.score />;
    case 'data':
      return id ? <views.dataset id={id} /> : <views.data />;
    case 'train':
      return <views.train />;
    case 'runs':
      return id === 'compare' ? <views.compare /> : id ? <views.run id={id} /> : <views.runs />;
    case 'sweeps':
      return id === 'new' ? <views.newSweep /> : id ? <views.sweep id={id} /> : <views.sweeps />;
    case 'models':
      return id ? <views.model id={id} /> : <views.models />;
    case 'aliases':
      return <views.aliases />;
    case 'system':
      return <views.system />;
    default:
      return <h1>{texts.common.notFound}</h1>;
  }
}

function AskForKey({ isWrong }: { isWrong: boolean }) {
  const [key, setKey] = useState('');
  const [remember, setRemember] = useState(false);
  return (
    <Dialog title={texts.key.title}>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          useKey(key.trim(), remember);
        }}
      >
        <p>{isWrong ? texts.key.wrong : texts.key.advice}</p>
        <label>
          {texts.key.label}
          <input
            type="password"
            autocomplete="off"
            required
            value={key}
            onInput={({ currentTarget }) => setKey(currentTarget.value)}
          />
        </label>
        <label class="check">
          <input
            type="checkbox"
            checked={remember}
            onChange={({ currentTarget }) => setRemember(currentTarget.checked)}
          />
          {texts.key.remember}
        </label>
        <p class="actions">
          <button class="primary">{texts.key.use}</button>
        </p>
      </form>
    </Dialog>
  );
}

function ShortcutList({ close }: { close: () => void }) {
  return (
    <Dialog title={texts.shortcuts.title} close={close}>
      <dl class="facts">
        <div>
          <dt>
            <kbd>?</kbd>
          </dt>
          <dd>{texts.shortcuts.help}</dd>
        </div>
        {Object.entries(SHORTCUTS).map(([key, view]) => (
          <div>
            <dt>
              <kbd>{key}</kbd>
            </dt>
            <dd>{texts.shortcuts.go(texts.views[view])}</dd>
          </div>
        ))}
      </dl>
      <p class="actions">
        <button onClick={close}>{texts.common.close}</button>
      </p>
    </Dialog>
  );
}
