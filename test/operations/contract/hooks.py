"""What Schemathesis cannot know from an OpenAPI document: what is inside of files and streams."""

import json
import os
import unicodedata

import schemathesis
from hypothesis import strategies as st
from schemathesis.transport.serialization import Binary

WORDS = st.sampled_from(["the", "a", "cat", "dog", "saw", "girl", "é", "語", '"', "don't", "3.5", "—"])
SENTENCES = st.lists(WORDS, min_size=1, max_size=8).map(" ".join)


@st.composite
def labelled_rows(draw):
    """Rows that can be trained on: both labels occur often enough to hold some rows out."""
    sentences = draw(st.lists(SENTENCES, min_size=6, max_size=12))
    line_end = draw(st.sampled_from(["\n", "\r\n"]))
    rows = [f"{index % 2}\t{sentence}{line_end}" for index, sentence in enumerate(sentences)]
    return "".join(rows).encode()


@st.composite
def lines_of_json(draw):
    """A stream of sentences: strings, or objects that may have an id."""
    line = st.one_of(
        SENTENCES,
        st.fixed_dictionaries({"sentence": SENTENCES}, optional={"id": st.integers(0, 2**31)}),
    )
    lines = draw(st.lists(line, min_size=1, max_size=8))
    return "".join(json.dumps(item) + "\n" for item in lines).encode()


ROWS = labelled_rows()
STREAMS = {"text/tab-separated-values": ROWS, "application/x-ndjson": lines_of_json()}
for media_type, strategy in STREAMS.items():
    schemathesis.openapi.media_type(media_type, strategy)
# Ids of what the service has been given: operation -> name of a path's parameter -> id.
EXAMPLES = json.loads(os.environ.get("CONTRACT_EXAMPLES", "{}"))

# The only files that the document knows.
schemathesis.openapi.format("binary", ROWS.map(Binary))


@schemathesis.hook
def before_load_schema(context, raw_schema):
    """Examples in text are nothing to whoever has a strategy for bytes. And those of ids become some that there are."""
    for item in raw_schema["paths"].values():
        for operation in item.values():
            for media_type, content in operation.get("requestBody", {}).get("content", {}).items():
                if media_type in STREAMS:
                    content.pop("example", None)
    for operation, parameters in EXAMPLES.items():
        method, path = operation.split(" ")
        for parameter in raw_schema["paths"][path][method.lower()]["parameters"]:
            if parameter["name"] in parameters:
                parameter["schema"]["example"] = parameters[parameter["name"]]


def is_sentence(text):
    """Something to judge is in it, and it is not JSON that was declared as text."""
    return text.lstrip()[:1] not in ("{", "[") and any(
        unicodedata.category(letter)[0] not in "CMZ" and letter not in "\u115f\u1160\u3164\uffa0\u2800\ufffd"
        for letter in text
    )


def sentences_of(body):
    if isinstance(body, str):
        return [body]
    pairs = [side for pair in body.get("pairs", []) for side in pair.values()]
    return [*([body["sentence"]] if "sentence" in body else []), *body.get("sentences", []), *pairs]


@schemathesis.hook
def filter_case(context, case):
    """What the document forbids in words: sentences of which nothing is left, explanations of pairs and of streams, and options that
    differ in query and body."""
    if case.path != "/predict":
        return True
    if case.meta and case.meta.generation.mode.is_positive and isinstance(case.body, (str, dict)):
        if not all(map(is_sentence, sentences_of(case.body))):
            return False
    query = case.query or {}
    body = case.body if isinstance(case.body, dict) else {}
    explain = "true" in (str(query.get("explain")).lower(), str(body.get("explain")).lower())
    if explain and (case.media_type in STREAMS or "pairs" in body):
        return False
    return not any(name in body and query[name] != body[name] for name in query)


@schemathesis.hook
def map_body(context, body):
    """Of base models, only the names of those that are there can be trained; and all files are TSV."""
    if isinstance(body, dict) and context.operation.path in ("/datasets", "/train"):
        body.pop("format", None)
    if context.operation.path != "/train" or not isinstance(body, dict):
        return body
    name = body.get("baseModel")
    if isinstance(name, str) and 1 <= len(name) <= 200:
        body["baseModel"] = "all-MiniLM-L6-v2"
    return body
