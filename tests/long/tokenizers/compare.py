"""compare.py PROGRAM COUNT FOLDER: COUNT odd texts for a tokenizer of each shape, by the tokenizers library and by PROGRAM, encode_texts:
the same ids, and the same text of them."""

import os
import struct
import subprocess
import sys

from odd_texts import odd_texts
from shapes import texts, train

VOCABULARY = 8000


def encoded(program, file, boundary, mode, inputs):
    records = b"".join(struct.pack("<I", len(text)) + text for text in (text.encode() for text in inputs))
    out = subprocess.run([program, file, boundary, mode], input=records, stdout=subprocess.PIPE, check=True).stdout
    at = 0
    for _ in inputs:
        (count,) = struct.unpack_from("<I", out, at)
        ids = list(struct.unpack_from(f"<{count}I", out, at + 4))
        at += 4 + 4 * count
        (size,) = struct.unpack_from("<I", out, at)
        yield ids, out[at + 4:at + 4 + size].decode(errors="replace")
        at += 4 + size
    assert at == len(out)


def compare(program, name, tokenizer, boundary, mode, inputs, folder):
    file = os.path.join(folder, f"{name}.json")
    tokenizer.save(file)
    tokenizer.encode_special_tokens = mode == "text"
    if mode == "parse":  # the boundary stays text, since it starts documents
        inputs = [text for text in inputs if boundary not in text]
    tokens = differ = 0
    for text, (ids, decoded) in zip(inputs, encoded(program, file, boundary, mode, inputs)):
        theirs = tokenizer.encode(text, add_special_tokens=False).ids
        tokens += len(theirs)
        if ids != theirs or (decoded != tokenizer.decode(theirs, skip_special_tokens=True)):
            differ += 1
            if differ <= 3:
                print(f"{name}, {mode}: {text!r}\n  ids {ids}\n  of the library {theirs}\n  text {decoded!r}")
    print(f"{name}, {mode}: {len(inputs)} texts, {tokens} tokens, {differ} differ", flush=True)
    return differ


def main(program, count, folder):
    corpus = texts(6000000)
    inputs = list(odd_texts(count, corpus))
    differ = 0
    for name, (tokenizer, boundary) in train(corpus, VOCABULARY).items():
        for mode in ("text", "parse"):
            differ += compare(program, name, tokenizer, boundary, mode, inputs, folder)
    sys.exit(differ > 0)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), sys.argv[3])
