import { expect } from 'vitest';
import type { ProblemDetails } from '../../packages/client/src/index.js';

/** Makes a form with one file and other fields. */
export function formOf(
  content: string | Uint8Array,
  fields: Record<string, string> = {},
  fileName = 'set.tsv',
): FormData {
  const form = new FormData();
  // Fields that say how to read the file come before it.
  for (const [name, value] of Object.entries(fields)) form.set(name, value);
  form.set('file', new Blob([content as BlobPart]), fileName);
  return form;
}

/** Checks that an answer is a complete problem with this status and content type, and returns it. */
export async function problemOf(response: Response, status: number): Promise<ProblemDetails> {
  const text = await response.text();
  expect([response.status, text]).toEqual([status, text]);
  expect(response.headers.get('content-type')).toMatch(/^application\/problem\+json/);
  const problem = JSON.parse(text) as ProblemDetails;
  expect(problem).toMatchObject({
    type: expect.stringMatching(/^urn:problem-type:wellformed:[a-z-]+$/) as string,
    title: expect.any(String) as string,
    status,
    detail: expect.stringMatching(/^\S.{10}/) as string,
    instance: new URL(response.url).pathname,
  });
  return problem;
}
