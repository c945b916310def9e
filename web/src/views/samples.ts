/** Returns example code that judges these sentences, in several languages. */
export function samplesFor(sentences: readonly string[], model: string): [language: string, code: string][] {
  const url = new URL('predict', new URL('.', location.href)).href;
  const body = { ...(sentences.length === 1 ? { sentence: sentences[0] } : { sentences }), model };
  const json = JSON.stringify(body);
  // For a quote mark in a shell string: end the string, escape the mark, begin a new string.
  const inShell = `'${json.replaceAll("'", `'\\''`)}'`;
  return [
    ['curl', `curl -H 'content-type: application/json' -d ${inShell} ${url}`],
    [
      'Python',
      `import requests\n\nanswer = requests.post(${JSON.stringify(url)}, json=${python(body)})\nprint(answer.json())`,
    ],
    [
      'JavaScript',
      `const answer = await fetch(${JSON.stringify(url)}, {\n  method: 'POST',\n  headers: { 'content-type': 'application/json' },\n  body: JSON.stringify(${json}),\n});\nconsole.log(await answer.json());`,
    ],
  ];
}

/** Python writes strings and lists of strings like JSON. */
function python(value: object): string {
  return JSON.stringify(value);
}
