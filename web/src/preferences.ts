import { effect, signal } from '@preact/signals';

export type Theme = 'system' | 'light' | 'dark';

/** Preferences that this browser stores. None of them is secret. */
export const theme = signal(stored('theme', 'system') as Theme);
export const usesShortcuts = signal(stored('shortcuts', 'on') === 'on');

effect(() => {
  localStorage.setItem('wellformed-theme', theme.value);
  if (theme.value === 'system') delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = theme.value;
});
effect(() => localStorage.setItem('wellformed-shortcuts', usesShortcuts.value ? 'on' : 'off'));

function stored(name: string, otherwise: string): string {
  return localStorage.getItem(`wellformed-${name}`) ?? otherwise;
}
