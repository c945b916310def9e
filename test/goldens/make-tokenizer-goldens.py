#!/usr/bin/env python3
"""Writes tokenizer.json: what transformers' BertTokenizer makes of tricky text, under several settings.

The vocabulary is small and made up, with pieces that tell the readings apart (é and e, Σ σ ς, Chinese characters of
several blocks). Install and run as README.md says of make-goldens.py.
"""
import json
import string
import tempfile
from pathlib import Path

import tokenizers
import transformers
from transformers import BertTokenizer

HERE = Path(__file__).resolve().parent

CHARACTERS = string.ascii_letters + string.digits + "éÉüÜñøßþœæİıΟΣσςδοσжЖийЙтабв" + "中文字㐀豈𠀀𪜀丽" + "กำकिש" + "한글ᄒ"
SYMBOLS = string.punctuation + "“”‘’„«»–—…¿¡§¶•、。「」٪€£¥©×÷™" + "\u061d\u0964\u104d9\U000111c9\u166d"
WORDS = "the The cat sat un want run ning café cafe naive naïve don book books wug [unused1] ##able ##ed ##ning ##s ##bc".split()

TEXTS = [
    "The cat sat.",
    "",
    "   ",
    "unwanted running books wugs unbookable",
    "Café CAFÉ cafe\u0301 naïve NAÏVE Übung ÜBUNG øre straße œuvre",
    "İstanbul ısı I İ i̇",
    "ΟΔΟΣ ΣΟΣ σος ΟΣ. Σ",
    "中文字 a中b 㐀x豈y 𠀀z 𪜀q𫠠r 丽s 日本",
    "한글 ᄒ한 กำ किशोर שָׁלוֹם мой Ёж йод",
    "don't «quote» “double” ‘single’ „low“ it's -- em—dash en–dash ... … ¿qué? ¡ay!",
    "a_b-c/d\\e|f@g#h$i%j^k&l*m(n)o[p]q{r}s<t>u=v+w~x`y:z;",
    "€5 £6 ¥7 ©8 1×2÷3 ™ 10,000.50 3.14",
    "tab\there\nnew line\r\ncarriage\u00a0no-break\u2003em\u3000wide\u2028ls\u2029ps\u0085nel",
    "zero\u200bwidth soft\u00adhyphen joiner\u200dx bom\ufeffx lrm\u200ex",
    "nul\x00char bell\x07 esc\x1b del\x7f replacement\ufffdchar c1\x90x",
    "private\ue000use unassigned\u0378x noncharacter\uffffx plane\U0010fffdx",
    "[CLS] the [SEP] cat [MASK] [PAD] [UNK] [unused1] [sep] [ SEP ]",
    "x[SEP]y[MASK][MASK]z",
    "a" * 99 + " " + "a" * 100 + " " + "a" * 101 + " the",
    "é" * 60 + " " + "𠀀" * 3 + " " + "🙂" * 101 + " 🙂 👩‍👩‍👧 🇬🇧 ☃",
    "e\u0301\u0302\u0303 a\u0336b\u0336c o\u20dd",
    "\u0890x\u08e2 \u180fx \u1acf\u1ad0x \u1734x \U0001e944x \U000111c9x a\u166db a\u061db a\u0964b a\u2e43b",
    "ﬁne ﬂow ½ ² Ⅳ ａｂｃ １２３",
    "ALL CAPS AND Mixed Case cAsE",
    "trailing space ",
    " leading",
    "......!!!???",
    "'",
    "the" * 40,
    "un" * 20 + "able unable",
]

SETTINGS = [
    {"do_lower_case": True},
    {"do_lower_case": False},
    {"do_lower_case": True, "strip_accents": False},
    {"do_lower_case": False, "strip_accents": True, "tokenize_chinese_chars": False},
]


def main():
    special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    characters = list(dict.fromkeys(CHARACTERS))
    pieces = [*special, *SYMBOLS, *characters, *("##" + c for c in characters), *WORDS]
    vocabulary = list(dict.fromkeys(pieces))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "vocab.txt"
        path.write_text("".join(piece + "\n" for piece in vocabulary), encoding="utf-8")
        cases = []
        for settings in SETTINGS:
            tokenizer = BertTokenizer(vocab=str(path), **settings)
            cases.append({"settings": settings, "tokenIds": [tokenizer(text)["input_ids"] for text in TEXTS]})
        tokenizer = BertTokenizer(vocab=str(path), do_lower_case=True)
        cut = [tokenizer(text, truncation=True, max_length=8)["input_ids"] for text in TEXTS]
    golden = {
        "writtenWith": {"transformers": transformers.__version__, "tokenizers": tokenizers.__version__},
        "vocabulary": vocabulary,
        "texts": TEXTS,
        "cases": cases,
        "cutTo8": cut,
    }
    (HERE / "tokenizer.json").write_text(json.dumps(golden, separators=(",", ":")) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
