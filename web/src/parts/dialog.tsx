import type { ComponentChildren, JSX } from 'preact';
import { useEffect, useId, useRef } from 'preact/hooks';
import { texts } from '../texts/en.js';

/** The browser's own modal dialog: it keeps the focus, and Escape closes it. */
export function Dialog({
  title,
  close,
  children,
}: {
  title: string;
  close?: () => void;
  children: ComponentChildren;
}): JSX.Element {
  const element = useRef<HTMLDialogElement>(null);
  const id = useId();
  useEffect(() => element.current?.showModal(), []);
  return (
    <dialog
      ref={element}
      aria-labelledby={id}
      onCancel={(event) => {
        if (!close) event.preventDefault();
      }}
      onClose={() => close?.()}
    >
      <h2 id={id}>{title}</h2>
      {children}
    </dialog>
  );
}

/** Asks for confirmation before an action that cannot be undone. */
export function Confirm({
  question,
  action,
  run,
  close,
}: {
  question: string;
  action: string;
  run: () => void;
  close: () => void;
}): JSX.Element {
  return (
    <Dialog title={action} close={close}>
      <p>{question}</p>
      <p class="actions">
        <button
          class="primary"
          onClick={() => {
            close();
            run();
          }}
        >
          {action}
        </button>
        <button onClick={close}>{texts.common.cancel}</button>
      </p>
    </Dialog>
  );
}
