import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { hasEnded, predecessors, runStatuses } from './run.js';

const read = (path: string) => readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8');

/* docs/runs.md, held to the code. */
describe('the page on runs', () => {
  const page = read('docs/runs.md');
  const section = (heading: string) => page.split(`\n${heading}\n`)[1]!.split(/\n##+ /)[0]!;
  const states = section('## The states of a run');
  const transitions = runStatuses
    .flatMap((from) =>
      runStatuses.filter((to) => predecessors(to).includes(from)).map((to) => `${from} --> ${to}`),
    )
    .sort();

  it('draws the transitions that there are', () => {
    const edges = [...states.matchAll(/^ {2}(\S+) --> (\S+)$/gm)].map(([, from, to]) => `${from} --> ${to}`);
    const ends = runStatuses.filter(hasEnded).map((status) => `${status} --> [*]`);
    expect(edges.sort()).toEqual([...transitions, ...ends, '[*] --> queued'].sort());
  });

  it('says of each transition when it happens, and of each status what it means', () => {
    const rows = [...states.matchAll(/^\| `(\w+)` +\| `(\w+)` +\| \S/gm)];
    expect(rows.map(([, from, to]) => `${from} --> ${to}`).sort()).toEqual(transitions);
    const meanings = [...states.matchAll(/^\| `(\w+)` +\| [^`\s]/gm)].map(([, status]) => status);
    expect(meanings.sort()).toEqual([...runStatuses].sort());
  });

  it('explains each field of a run', () => {
    const document = JSON.parse(read('openapi/openapi.json')) as {
      components: { schemas: { RunDto: { properties: object } } };
    };
    const names = [...section('## The fields of a run').matchAll(/^\| ((?:`\w+`(?:, )?)+) /gm)];
    const explained = names.flatMap(([, cell]) => [...cell!.matchAll(/\w+/g)].map(([name]) => name));
    expect(explained.sort()).toEqual(Object.keys(document.components.schemas.RunDto.properties).sort());
  });
});
