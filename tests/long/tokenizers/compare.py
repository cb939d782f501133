"""compare.py PROGRAM COUNT FOLDER: COUNT odd texts for a tokenizer of each shape, by the tokenizers library and by PROGRAM, encode_texts:
the same ids, and the same text of them."""

import os
import struct
import subprocess
import sys

from odd_texts import odd_texts
from shapes import texts, train

VOCABULARY = 8000
# Marks that utf8proc 2.8 (Unicode 15) orders in NFC, and the library (0.23.3) does not know.
LATE_MARKS = """7FD 898-89F 8CA-8D3 9FE C3C D3B-D3C EBA 1715 1ABF-1ACE 1DF6-1DFA A82C 10D24-10D27 10EAB-10EAC 10EFD-10EFF 10F46-10F50
10F82-10F85 11070 1133B 1145E 11839-1183A 1193D-1193E 11943 119E0 11A34 11A47 11A99 11D42 11D44-11D45 11D97 11F41-11F42 16FF0-16FF1 1E08F
1E130-1E136 1E2AE 1E2EC-1E2EF 1E4EC-1E4EF"""
# Characters that are newer than Unicode 14, which Oniguruma 6.9.8 has: letters, digits and symbols to the library alone. Its regular
# expressions have Unicode 16; its Digits asks Rust, which knows 11DE0-11DE9 and 16FF4-16FF6 too.
NEW_CHARACTERS = """897 CF3 ECE 1B4E-1B4F 1B7F 1C89-1C8A 2427-2429 2FFC-2FFF 31E4-31E5 31EF A7CB-A7CD A7DA-A7DC 105C0-105F3 10D40-10D65
10D69-10D85 10D8E-10D8F 10EC2-10EC4 10EFC-10EFF 1123F-11241 11380-11389 1138B 1138E 11390-113B5 113B7-113C0 113C2 113C5 113C7-113CA
113CC-113D5 113D7-113D8 113E1-113E2 116D0-116E3 11B00-11B09 11BC0-11BE1 11BF0-11BF9 11DE0-11DE9 11F00-11F10 11F12-11F3A 11F3E-11F5A 1342F
13440-13455 13460-143FA 16100-16139 16D40-16D79 16FF4-16FF6 18CFF 1B132 1B155 1CC00-1CCF9 1CD00-1CEB3 1D2C0-1D2D3 1DF25-1DF2A 1E030-1E06D
1E08F 1E4D0-1E4F9 1E5D0-1E5FA 1E5FF 1F6DC 1F774-1F776 1F77B-1F77F 1F7D9 1F8B2-1F8BB 1F8C0-1F8C1 1FA75-1FA77 1FA87-1FA89 1FA8F 1FAAD-1FAAF
1FABB-1FABF 1FAC6 1FACE-1FACF 1FADA-1FADC 1FADF 1FAE8-1FAE9 1FAF7-1FAF8 1FBCB-1FBEF 2B739 2EBF0-2EE5D 31350-323AF"""


def characters(ranges):
    for part in ranges.split():
        low, _, high = part.partition("-")
        yield from map(chr, range(int(low, 16), int(high or low, 16) + 1))


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
    others = set(characters(NEW_CHARACTERS))
    if tokenizer.normalizer and "NFC" in repr(tokenizer.normalizer):
        others.update(characters(LATE_MARKS))
    inputs = [text for text in inputs if not others.intersection(text)]
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
