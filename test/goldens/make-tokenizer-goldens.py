#!/usr/bin/env python3
"""Writes what transformers' tokenizers make of tricky text, under several settings.

tokenizer-word-piece.json: BertTokenizer, on a vocabulary that is small and made up, with pieces that tell the readings apart (é
and e, Σ σ ς, Chinese characters of several blocks). tokenizer-byte-level.json: RobertaTokenizer, on the vocabulary of
tiny-roberta/, which is trained here. Install and run as README.md says of make-goldens.py.
"""
import json
import string
import tempfile
from pathlib import Path

import tokenizers
import transformers
from golden_files import write_json
from tokenizers import AddedToken, models, pre_tokenizers, trainers
from transformers import BertTokenizer, RobertaTokenizerFast

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


ROBERTA_PIECES = 384  # 4 special tokens, 256 bytes, 123 merges, <mask>

TRAINING_TEXTS = [  # invented
    "The cat sat on the mat, and the dog sat on the cat.",
    "The old man said that the girl saw the bird in the garden yesterday.",
    "She gave the boy a book, and he read it slowly in the old house.",
    "They don't know whether he's here; I've heard that you're there and we'll wait.",
    "Which of the books that she had read did the children like the most?",
    "There is nothing in the house that the children have not seen before.",
    "Nobody was singing while the others were walking along the river.",
    "It was raining in the morning, but the weather changed in the afternoon.",
    "What the painter thought of the painting was never written in the papers.",
    "In 2019 and 2020 there were 1000 birds, in 2021 there were 100.",
    "the the the the and and and ing ing ed ed er er",
    "Café, café, naïve, naïve, déjà vu, über, über.",
    "中文 中文 中文 🙂 🙂 🙂🙂 🙂🙂",
    "... ... --- --- !!! !!!",
]

BYTE_LEVEL_TEXTS = [
    "don't DON'T he's they're I've I'm we'll she'd 'tis 's't x'y 'S '' ''s ' s",
    "  two   three    four\t\ttabs \t mixed\n\nlines \r\n end  ",
    "\u00a0no-break \u2003em\u3000wide\u0085next line\u2028separator\ufeffmark\u200bzero\u180evowel",
    " \u0085 x \ufeff y \u00a0 z\u0085",
    "caf\u00e9 cafe\u0301 \u212b \u00c5 A\u030a \ufb01 \uac00 \u1100\u1161",
    "1234567890 3.14 1,000 ½ Ⅳ ٣ ² ①x1 a1b2",
    "🙂 🙂🙂 👩‍👩‍👧 🇬🇧 ☃️ \U0001f468\U0001f3fd 𝒜𝒷 𠀀 \U0010fffd",
    "the" * 40 + " " + "Donaudampfschifffahrtsgesellschaftskapitän" * 4 + " " + "é" * 130,
    "<s> the </s> cat<pad><unk> x",
    "a  <mask> b <mask><mask>\t<mask> <mask>",
    "\u0085<mask>\ufeff<mask>\u00a0<mask>\u3000 \u2028<mask>.",
    "<mask>", " <mask>", "<mask> ", "< mask > <MASK> <mask <s <<s>> </s</s>",
    "[CLS] [SEP] <|endoftext|> &lt;s&gt;",
    "new letters: \u088f \ua7cf \U00010940 \U00016ea0 \U0001e6c0 \U000323b0, digits: \U00011de0 1\U00011de1",
    "unassigned \u0378 noncharacter \uffff \ufdd0 private \ue000 replaced \ufffd\ufffd",
    "\x00\x01 \x1f\x7f \x80\x9f\u00ad",
    "a\u0300\u0316b\u0300 \u0300 x\u20dd",
    "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa eeeeeeeeeeeeeeeeee thethethethethe ininininin ereereere",
]

MODELS = [  # what merging.words becomes where the vocabulary is not RoBERTa's
    {"vocabulary": ["a", "b", "c", "ab", "bc", "abc"], "merges": ["b c", "a b", "ab c"], "words": ["abc", "abcabc", "axb", "x", "axbc", "ab", ""]},
    {"vocabulary": ["<unk>", "a", "b", "ab"], "merges": ["a b"], "words": ["axb", "axyb", "xx", "abx"], "unk_token": "<unk>"},
    {"vocabulary": ["<unk>", "a", "b", "ab"], "merges": ["a b"], "words": ["axb", "axyb", "xx", "abxxxab"], "unk_token": "<unk>", "fuse_unk": True},
    {"vocabulary": ["a", "b", "c", "ab", "abc"], "merges": ["a b"], "words": ["abc", "ab", "abcc"], "ignore_merges": True},
    {"vocabulary": ["a", "aa", "aaa", "aaaa"], "merges": ["a a", "aa aa", "aa a"], "words": ["a" * n for n in range(1, 12)]},
    {"vocabulary": ["a", "b", "ab", "ba", "aba"], "merges": ["a b", "b a", "ab a", "a ba"], "words": ["ababab", "aba", "bababa", "aabbaabb"]},
]


def main():
    word_piece()
    byte_level()


def word_piece():
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
    write_json(HERE / "tokenizer-word-piece.json", golden)


def byte_level():
    tokenizer = make_roberta_folder()
    vocabulary = tokenizer.get_vocab()
    merges = json.loads(tokenizer.backend_tokenizer.to_str())["model"]["merges"]
    texts = TEXTS + BYTE_LEVEL_TEXTS
    cases = []
    for settings in [{}, {"add_prefix_space": True}]:
        other = roberta_tokenizer(vocabulary, merges, **settings)
        cases.append({"settings": settings, "tokenIds": [other(text)["input_ids"] for text in texts]})
    write_json(
        HERE / "tokenizer-byte-level.json",
        {
            "writtenWith": {"transformers": transformers.__version__, "tokenizers": tokenizers.__version__},
            "texts": texts,
            "cases": cases,
            "cutTo8": [tokenizer(text, truncation=True, max_length=8)["input_ids"] for text in texts],
            "merging": [merging_case(**model) for model in MODELS],
            "characters": character_classes(),
        },
    )


def roberta_tokenizer(vocabulary, merges, **settings):
    # Version 4 made <mask> swallow the spaces before it by itself, version 5 has to be told.
    mask = AddedToken("<mask>", lstrip=True, normalized=False, special=True)
    return RobertaTokenizerFast(vocab=vocabulary, merges=[tuple(m) for m in merges], mask_token=mask, **settings)


def make_roberta_folder():
    folder = HERE / "tiny-roberta"
    folder.mkdir(exist_ok=True)
    trained = tokenizers.Tokenizer(models.BPE())
    trained.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    trainer = trainers.BpeTrainer(
        vocab_size=ROBERTA_PIECES - 1,
        special_tokens=["<s>", "<pad>", "</s>", "<unk>"],
        initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()),
        show_progress=False,
    )
    trained.train_from_iterator(TRAINING_TEXTS, trainer)
    model = json.loads(trained.to_str())["model"]
    vocabulary = {**model["vocab"], "<mask>": len(model["vocab"])}
    assert len(vocabulary) == ROBERTA_PIECES and len(set(vocabulary.values())) == ROBERTA_PIECES

    tokenizer = roberta_tokenizer(vocabulary, model["merges"], model_max_length=64)
    assert [tokenizer.convert_tokens_to_ids(t) for t in ("<s>", "<pad>", "</s>", "<unk>", "<mask>")] == [0, 1, 2, 3, 383]
    tokenizer.save_pretrained(folder)
    # transformers 5 no longer writes these files, which RoBERTa's own release has.
    by_id = dict(sorted(vocabulary.items(), key=lambda item: item[1]))
    (folder / "vocab.json").write_text(json.dumps(by_id) + "\n", encoding="utf-8")
    lines = ["#version: 0.2", *(" ".join(merge) for merge in model["merges"])]
    (folder / "merges.txt").write_text("".join(line + "\n" for line in lines), encoding="utf-8")
    special = {f"{name}_token": tokenizer.special_tokens_map[f"{name}_token"] for name in ("bos", "eos", "unk", "sep", "pad", "cls")}
    special["mask_token"] = {"content": "<mask>", "lstrip": True, "normalized": False, "rstrip": False, "single_word": False}
    (folder / "special_tokens_map.json").write_text(json.dumps(special, indent=2) + "\n", encoding="utf-8")
    return tokenizer


def merging_case(vocabulary, merges, words, **settings):
    """The pieces that byte pair encoding alone gives, where the vocabulary lacks bytes or other rules are set."""
    vocab = {piece: index for index, piece in enumerate(vocabulary)}
    model = models.BPE(vocab=vocab, merges=[tuple(merge.split(" ")) for merge in merges], **settings)
    pieces = [[token.value for token in model.tokenize(word)] for word in words]
    return {"model": {"type": "BPE", "vocab": vocab, "merges": merges, **settings}, "words": words, "pieces": pieces}


def character_classes():
    """What the pattern that splits words takes each code point for: L letter, N number, S space, O other; as runs."""
    split = pre_tokenizers.ByteLevel(add_prefix_space=False).pre_tokenize_str
    runs = []
    for code_point in range(0x110000):
        if 0xD800 <= code_point <= 0xDFFF:
            continue  # not a character: Python cannot hand it over
        character = chr(code_point)
        # Only what is of one class stays one word.
        name = next((name for name, probe in (("L", "a"), ("N", "1"), ("O", "!")) if len(split(probe + character)) == 1), "S")
        if not runs or runs[-1][-1] != name:
            runs.append(f"{code_point:x}{name}")
    return " ".join(runs)


if __name__ == "__main__":
    main()
