const foreign =
  /npm run|WELLFORMED_|\b(?:GET|PUT|POST|PATCH|DELETE) \/|(?<=[\s"'`])\/(?:train|models|predict|runs|datasets|base-models)\b/g;

/** Keeps names of the service's scripts, settings and routes out of the library, in code and comments. */
const ownWords = {
  meta: { type: 'problem', schema: [] },
  create: (context) => ({
    Program() {
      for (const { 0: words, index } of context.sourceCode.text.matchAll(foreign)) {
        context.report({
          loc: context.sourceCode.getLocFromIndex(index),
          message: `"${words}" belongs to the service: give the error a code, and say what to do in src/training/advice.ts.`,
        });
      }
    },
  }),
};

export const ownWordsRules = {
  files: ['src/bert/**/*.ts'],
  plugins: { wellformed: { rules: { 'own-words': ownWords } } },
  rules: { 'wellformed/own-words': 'error' },
};
