import type { JSX } from 'preact';
import { useState } from 'preact/hooks';

/** A native file field that also accepts dropped files. */
export function FileDrop({
  label,
  accept,
  disabled,
  take,
}: {
  label: string;
  accept: string;
  disabled?: boolean;
  take: (file: File) => void;
}): JSX.Element {
  const [isOver, setOver] = useState(false);
  return (
    <label
      class={isOver ? 'drop over' : 'drop'}
      onDragOver={(event) => {
        event.preventDefault();
        setOver(true);
      }}
      onDragLeave={() => setOver(false)}
      onDrop={(event) => {
        event.preventDefault();
        setOver(false);
        const file = event.dataTransfer?.files[0];
        if (file && !disabled) take(file);
      }}
    >
      <span>{label}</span>
      <input
        type="file"
        accept={accept}
        disabled={disabled}
        onChange={({ currentTarget }) => {
          const file = currentTarget.files?.[0];
          if (file) take(file);
          // Allow the same file to be chosen again after a correction.
          currentTarget.value = '';
        }}
      />
    </label>
  );
}
