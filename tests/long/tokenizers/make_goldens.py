"""make_goldens.py FOLDER: a small tokenizer of each shape, and texts with the ids that the tokenizers library gives them.

FOLDER/NAME.json is the tokenizer, FOLDER/NAME-texts.json a list of {"text", "ids", "parsed", "decoded"}: ids while special tokens are text,
and where they differ while they are parsed."""

import json
import os
import sys

from odd_texts import odd_texts
from shapes import texts, train

MERGES = 1000


def compact(value):
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")) + "\n"


def small(tokenizer, old):
    """As older files write merges, "a b", where `old`."""
    value = json.loads(tokenizer.to_str())
    if old:
        value["model"]["merges"] = [" ".join(pair) for pair in value["model"]["merges"]]
    return compact(value)


def example(tokenizer, text, boundary):
    tokenizer.encode_special_tokens = True
    ids = tokenizer.encode(text, add_special_tokens=False).ids
    result = {"text": text, "ids": ids}
    tokenizer.encode_special_tokens = False
    parsed = tokenizer.encode(text, add_special_tokens=False).ids
    if parsed != ids and boundary not in text:
        result["parsed"] = parsed
    decoded = tokenizer.decode(ids, skip_special_tokens=True)
    if decoded != text:
        result["decoded"] = decoded
    return result


def main(folder):
    corpus = texts(2000000)
    inputs = [text for text in odd_texts(2000, corpus) if len(text.encode()) < 200][:150] + ["", " ", "a" * 300, " " * 300, "\n" * 20]
    for name, (tokenizer, boundary) in train(corpus, 259 + MERGES).items():
        with open(os.path.join(folder, f"{name}.json"), "w", encoding="utf-8") as file:
            file.write(small(tokenizer, old=name in ("gpt2", "llama2")))
        with open(os.path.join(folder, f"{name}-texts.json"), "w", encoding="utf-8") as file:
            file.write("[" + ",\n".join(compact(example(tokenizer, text, boundary)).strip() for text in inputs) + "]\n")


if __name__ == "__main__":
    main(sys.argv[1])
