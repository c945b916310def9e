#!/usr/bin/env python3
"""Does Python see in a model folder what the service says with it?

  bench/python-parity.py MODEL_DIR URL [--model ID_OR_ALIAS] [--sentences FILE]

Opens MODEL_DIR with transformers' AutoModelForSequenceClassification, scores sentences with it, asks the service at URL
(http://127.0.0.1:3000) for the same through POST /predict, and prints the largest difference of the probabilities. Exit code
0: at most 1e-4 apart; 1: further apart, or the two differ in which sentences are acceptable. FILE holds a sentence a line.

Needs: pip install torch transformers safetensors
"""
import argparse
import json
import sys
import urllib.error
import urllib.request

TOLERANCE = 1e-4
BATCH = 32  # sentences in one request and in one forward pass

SENTENCES = """
The cat sat on the mat.
The cat sat on mat the.
Who did you say that Mary met at the station?
Who did you meet the man that saw?
The children has eaten their breakfast already.
"Stop!", she cried; he didn't listen...
Café owners in Zürich complained naïvely about the décor.
It's 3.14, isn't it? (Roughly speaking.)
Buffalo buffalo Buffalo buffalo buffalo buffalo Buffalo buffalo.
the THE tHe
Antidisestablishmentarianism flabbergasted the xylophonist.
Him.
The report that the committee that the senator chaired wrote was praised by everybody who had been asked to read it.
He put.
She asked   what\tthe answer was .
我 likes 雨.
"""


def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("folder", metavar="MODEL_DIR")
    arguments.add_argument("url", metavar="URL")
    arguments.add_argument("--model", help="which model of the service; without it, the one in production")
    arguments.add_argument("--sentences", metavar="FILE")
    options = arguments.parse_args()
    if options.sentences:
        with open(options.sentences, encoding="utf-8") as file:
            text = file.read()
    else:
        text = SENTENCES
    sentences = [line for line in text.split("\n") if line.strip()]

    expected = score_with_transformers(options.folder, sentences)
    found = score_with_service(options.url.rstrip("/"), options.model, sentences)
    worst = max(range(len(sentences)), key=lambda i: abs(expected[i] - found[i]["score"]))
    difference = abs(expected[worst] - found[worst]["score"])
    # Where the probability is one half but for rounding, either judgement is right.
    differing = sum((p > 0.5) != judged["acceptable"] and abs(p - 0.5) > TOLERANCE for p, judged in zip(expected, found))
    print(f"{len(sentences)} sentences: largest difference {difference:.2e}, at: {sentences[worst][:80]}")
    print(f"  transformers {expected[worst]:.7f}, service {found[worst]['score']:.7f}; judged differently: {differing}")
    sys.exit(0 if difference <= TOLERANCE and differing == 0 else 1)


def score_with_transformers(folder, sentences):
    import torch
    from transformers import AutoModelForSequenceClassification, AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(folder, local_files_only=True)
    model, report = AutoModelForSequenceClassification.from_pretrained(
        folder, local_files_only=True, output_loading_info=True
    )
    if report["missing_keys"] or report["unexpected_keys"]:
        sys.exit(f"The folder lacks {report['missing_keys']} and has of no use {report['unexpected_keys']}.")
    model.eval()
    longest = model.config.max_position_embeddings
    scores = []
    with torch.inference_mode():
        for start in range(0, len(sentences), BATCH):
            batch = tokenizer(
                sentences[start : start + BATCH], padding=True, truncation=True, max_length=longest, return_tensors="pt"
            )
            scores += model(**batch).logits.softmax(-1)[:, 1].tolist()
    return scores


def score_with_service(url, model, sentences):
    judgements = []
    for start in range(0, len(sentences), BATCH):
        body = {"sentences": sentences[start : start + BATCH], **({"model": model} if model else {})}
        request = urllib.request.Request(
            f"{url}/predict", json.dumps(body).encode(), {"content-type": "application/json"}, method="POST"
        )
        try:
            with urllib.request.urlopen(request, timeout=300) as response:
                judgements += json.load(response)["predictions"]
        except urllib.error.HTTPError as error:
            sys.exit(f"The service answered {error.code}: {error.read().decode(errors='replace')}")
        except urllib.error.URLError as error:
            sys.exit(f"The service cannot be reached at {url}: {error.reason}")
    return judgements


if __name__ == "__main__":
    main()
