#!/usr/bin/env python3
"""corpus.py FILE MEGABYTES [SEED]: JSON lines of English-like text, the same bytes for the same arguments.

Words by Zipf's law of which the frequent ones are short; lengths log-normal, 2.7 kB in the mean. Of the documents 7 % are
copies of an earlier one, 18 % are one with some of its words changed, on both sides of a Jaccard of 0.7. Needs numpy.
"""

import json
import sys

import numpy

KNOWN_WORDS = 50_000
LETTERS = numpy.array(list("eeeeeettttaaaooiinnsshhrrddlluucmfwgypbvk"))


def known_words(random):
    ranks = numpy.arange(KNOWN_WORDS)
    sizes = 2 + 0.5 * numpy.log2(ranks + 1) + 1.2 * random.standard_normal(KNOWN_WORDS)
    words = ["".join(random.choice(LETTERS, size)) for size in numpy.clip(sizes, 1, 16).astype(int)]
    return numpy.array(words, dtype=object)


def new_document(random, words):
    size = int(numpy.clip(random.lognormal(5.7, 0.9), 5, 20_000))
    chosen = words[(numpy.exp(random.random(size) * numpy.log(KNOWN_WORDS))).astype(int) - 1].copy()
    stops = numpy.flatnonzero(random.random(size) < 1 / 14)
    chosen[stops] += "."
    return chosen


def changed(random, document, words):
    share = random.random() ** 2 * 0.15  # 0.07 of the words make a Jaccard of about 0.7
    places = numpy.flatnonzero(random.random(len(document)) < share)
    document = document.copy()
    document[places] = words[random.integers(0, KNOWN_WORDS, len(places))]
    return document


def main():
    path, wanted = sys.argv[1], int(float(sys.argv[2]) * 1e6)
    random = numpy.random.default_rng(int(sys.argv[3]) if len(sys.argv) > 3 else 1)
    words = known_words(random)
    earlier, written, number = [], 0, 0
    with open(path, "w", encoding="utf-8") as out:
        while written < wanted:
            kind = random.random()
            if number == 0 or kind < 0.75:
                document = new_document(random, words)
            else:
                document = earlier[random.integers(0, len(earlier))]
                if kind < 0.93:
                    document = changed(random, document, words)
            if len(earlier) < 20_000:
                earlier.append(document)
            else:
                earlier[random.integers(0, len(earlier))] = document
            line = json.dumps({"id": str(number), "text": " ".join(document)}) + "\n"
            out.write(line)
            written += len(line)
            number += 1
    print(f"{number} documents, {written / 1e6:.0f} MB")


if __name__ == "__main__":
    main()
