import { ndjson, tsv } from './stream-types.js';

// What OpenAPI says of streams.

export const streamRequestContent = {
  [ndjson]: {
    schema: {
      type: 'string',
      description:
        'One sentence per line: a string, or an object with a `sentence` and, if you like, an `id`. The `id` is a string or a number. ' +
        'The answer repeats it character by character.',
    },
    example: '"The cat sat on the mat."\n{"id": 7, "sentence": "The cat sat on mat the."}\n',
  },
  [tsv]: {
    schema: {
      type: 'string',
      description:
        'One sentence per line, or the columns of a data set, or a header row that names `sentence` and, if you like, `id`. There is no quoting.',
    },
    example: 'The cat sat on the mat.\nThe cat sat on mat the.\n',
  },
};

export const streamResponseContent = {
  [ndjson]: {
    schema: {
      type: 'string',
      description:
        'One line for each line that is not blank, in order: a judgement, or an `error` that says why there is none. If the answer ' +
        'breaks off, its last line has an `error` that is an object (problem details).',
    },
    example:
      '{"line":1,"acceptable":true,"score":0.9731,"calibratedScore":0.9402,"truncated":false}\n' +
      '{"line":2,"id":7,"acceptable":false,"score":0.0312,"calibratedScore":0.0587,"truncated":false}\n',
  },
  [tsv]: {
    schema: {
      type: 'string',
      description: 'The same, with a header row. `acceptable` and `truncated` are 0 or 1.',
    },
    example:
      'line\tid\tacceptable\tscore\tcalibratedScore\ttruncated\terror\tsentence\n' +
      '1\t\t1\t0.9731\t0.9402\t0\t\tThe cat sat on the mat.\n',
  },
};

export const streamHeaders = {
  'Wellformed-Model': {
    description: 'For a stream: id of the model version that judges it.',
    schema: { type: 'string', example: 'mdl_01JD2Z8K7M3N5P9Q1R2S4T6V8W' },
  },
  'Wellformed-Precision': {
    description: 'For a stream: precision of the computation, fp32 or int8.',
    schema: { type: 'string', example: 'fp32' },
  },
} as const;
