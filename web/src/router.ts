import { computed, signal } from '@preact/signals';

/** The current view: `#/runs/run_01…?tab=log` is `{ path: ['runs', 'run_01…'], query }`. */
export interface Route {
  path: readonly string[];
  query: URLSearchParams;
}

const hash = signal(location.hash);
addEventListener('hashchange', () => (hash.value = location.hash));

export const route = computed<Route>(() => {
  const [path = '', query = ''] = hash.value.replace(/^#\/?/, '').split('?', 2);
  return { path: path.split('/').filter(Boolean).map(decodeURIComponent), query: new URLSearchParams(query) };
});

export function hrefTo(path: readonly string[], query: Readonly<Record<string, string>> = {}): string {
  const text = new URLSearchParams(query).toString();
  return `#/${path.map(encodeURIComponent).join('/')}${text ? `?${text}` : ''}`;
}

export function goTo(path: readonly string[], query?: Readonly<Record<string, string>>): void {
  location.hash = hrefTo(path, query);
}
