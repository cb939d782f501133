"""rensa_minhash.py INPUT.jsonl OUTPUT.jsonl: rensa with 125 permutations in 25 bands of 5 rows over word 5-grams, and each
candidate verified by the Jaccard of its signature, which is all that rensa keeps."""

import json
import re
import sys

from rensa import RMinHash, RMinHashLSH


def shingles(text):
    words = re.findall(r"\w+", text.lower())
    return [" ".join(words[i : i + 5]) for i in range(len(words) - 4)] or [text]


def main():
    lsh = RMinHashLSH(threshold=0.7, num_perm=125, num_bands=25)
    signatures = []
    with open(sys.argv[1], encoding="utf-8") as lines, open(sys.argv[2], "w", encoding="utf-8") as out:
        for number, line in enumerate(lines):
            signature = RMinHash(num_perm=125, seed=42)
            signature.update(shingles(json.loads(line)["text"]))
            signatures.append(signature)
            if any(signature.jaccard(signatures[other]) >= 0.7 for other in lsh.query(signature)):
                continue
            lsh.insert(number, signature)
            out.write(line)


if __name__ == "__main__":
    main()
