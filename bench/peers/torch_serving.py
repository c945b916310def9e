"""The peer of `npm run bench:serving`: PyTorch and transformers behind FastAPI and uvicorn, as a good engineer would write it.

    torch_serving.py --model DIR --threads N [--tokens-per-batch 512]

POST /predict {"sentence": "..."} answers {"acceptable": true, "score": 0.97}. Waiting requests are computed together: they
are sorted by length, cut into batches with a maximum number of tokens (including padding), and computed in a separate thread, so that the
event loop can accept requests. If nothing is waiting, a sentence is computed at once. When the server listens, it prints a line of JSON
with its address and versions.
"""

import argparse
import asyncio
import json
import math
import os
import platform
import socket
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager

import fastapi
import orjson
import torch
import transformers
import uvicorn
from transformers import AutoModelForSequenceClassification, AutoTokenizer


def parse_arguments():
    parser = argparse.ArgumentParser()
    parser.add_argument("--model", required=True)
    parser.add_argument("--threads", type=int, required=True)
    parser.add_argument("--tokens-per-batch", type=int, default=512)
    parser.add_argument("--compile", action="store_true")
    return parser.parse_args()


class Classifier:
    """Token ids in, logits out."""

    def __init__(self, folder, threads, compiled):
        torch.set_num_threads(threads)
        self.model = AutoModelForSequenceClassification.from_pretrained(
            folder, dtype=torch.float32, attn_implementation="sdpa"
        ).eval()
        self.forward = torch.compile(self.model, dynamic=True) if compiled else self.model

    @torch.inference_mode()
    def __call__(self, sentences):
        longest = max(map(len, sentences))
        # Without padding there is no mask, so attention can take its fastest path.
        mask = None
        if any(len(sentence) != longest for sentence in sentences):
            mask = torch.tensor([[1] * len(sentence) + [0] * (longest - len(sentence)) for sentence in sentences])
        ids = torch.tensor([sentence + [0] * (longest - len(sentence)) for sentence in sentences])
        return self.forward(input_ids=ids, attention_mask=mask).logits.tolist()


class Batcher:
    """Collects waiting sentences and computes them batch by batch."""

    def __init__(self, classifier, tokens_per_batch):
        self.classifier = classifier
        self.tokens_per_batch = tokens_per_batch
        self.waiting = []
        self.arrived = asyncio.Event()
        self.thread = ThreadPoolExecutor(1)

    def submit(self, token_ids):
        answer = asyncio.get_running_loop().create_future()
        self.waiting.append((token_ids, answer))
        self.arrived.set()
        return answer

    async def run(self):
        loop = asyncio.get_running_loop()
        while True:
            await self.arrived.wait()
            self.arrived.clear()
            taken, self.waiting = self.waiting, []
            for batch in self.batches(taken):
                try:
                    logits = await loop.run_in_executor(self.thread, self.classifier, [ids for ids, _ in batch])
                except Exception as error:  # noqa: BLE001: the requests of the batch get it.
                    for _, answer in batch:
                        if not answer.done():
                            answer.set_exception(error)
                    continue
                for (_, answer), row in zip(batch, logits):
                    if not answer.done():
                        answer.set_result(row)

    def batches(self, taken):
        """Makes batches in order of length. The last sentence of a batch is its longest."""
        batch = []
        for item in sorted(taken, key=lambda item: len(item[0])):
            if batch and (len(batch) + 1) * len(item[0]) > self.tokens_per_batch:
                yield batch
                batch = []
            batch.append(item)
        if batch:
            yield batch


def create_app(classifier, tokenizer, longest, tokens_per_batch):
    batcher = Batcher(classifier, tokens_per_batch)

    @asynccontextmanager
    async def lifespan(_app):
        task = asyncio.create_task(batcher.run())
        yield
        task.cancel()

    app = fastapi.FastAPI(lifespan=lifespan)

    @app.post("/predict")
    async def predict(request: fastapi.Request):
        # Use orjson for request and answer. For a single field it is faster than a pydantic model.
        body = orjson.loads(await request.body())
        sentence = body.get("sentence") if isinstance(body, dict) else None
        if not isinstance(sentence, str) or not sentence.strip():
            raise fastapi.HTTPException(422, "sentence must be a string that is not empty")
        token_ids = tokenizer.encode(sentence).ids[:longest]
        unacceptable, acceptable = await batcher.submit(token_ids)
        score = 1 / (1 + math.exp(unacceptable - acceptable))
        answer = {"acceptable": acceptable > unacceptable, "score": score}
        return fastapi.Response(orjson.dumps(answer), media_type="application/json")

    return app


def main():
    arguments = parse_arguments()
    os.environ["TOKENIZERS_PARALLELISM"] = "false"
    classifier = Classifier(arguments.model, arguments.threads, arguments.compile)
    # Use the Rust tokenizer directly, without its Python wrapper.
    tokenizer = AutoTokenizer.from_pretrained(arguments.model).backend_tokenizer
    tokenizer.no_padding()
    tokenizer.no_truncation()
    longest = classifier.model.config.max_position_embeddings
    app = create_app(classifier, tokenizer, longest, arguments.tokens_per_batch)
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    config = uvicorn.Config(app, loop=available("uvloop", "asyncio"), http=available("httptools", "h11"), log_level="warning")
    config.access_log = False
    versions = {
        "python": platform.python_version(),
        "torch": torch.__version__,
        "transformers": transformers.__version__,
        "fastapi": fastapi.__version__,
        "uvicorn": uvicorn.__version__,
    }
    url = f"http://127.0.0.1:{listener.getsockname()[1]}"
    listener.listen(1024)
    print(json.dumps({"url": url, "versions": versions, "loop": config.loop, "http": config.http}), flush=True)
    uvicorn.Server(config).run(sockets=[listener])


def available(module, otherwise):
    try:
        __import__(module)
    except ImportError:
        return otherwise
    return module


if __name__ == "__main__":
    main()
