import type { JSX } from 'preact';
import { useState } from 'preact/hooks';

/** A native file field that also takes files that are dropped on it. */
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
          // The same file may be chosen again, once it was corrected.
          currentTarget.value = '';
        }}
      />
    </label>
  );
}
