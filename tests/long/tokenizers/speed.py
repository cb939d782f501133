"""speed.py PROGRAM FOLDER: MB/s of encode_texts and of the tokenizers library on one thread, in turn, for a tokenizer of each shape."""

import os
import subprocess
import sys
import time

os.environ["TOKENIZERS_PARALLELISM"] = "false"
os.environ["RAYON_NUM_THREADS"] = "1"

from shapes import texts, train  # noqa: E402

VOCABULARY = 32000


def library_speed(tokenizer, documents):
    size = sum(len(document.encode()) for document in documents) / 1e6
    best = 0.0
    for _ in range(5):
        begin = time.perf_counter()
        for document in documents:
            tokenizer.encode(document, add_special_tokens=False)
        best = max(best, size / (time.perf_counter() - begin))
    return best


def main(program, folder):
    corpus = texts(12000000)
    sample = "\n".join(corpus[:120])[:4000000]
    pieces = sample.encode()
    pieces = [pieces[at:at + 4096].decode(errors="ignore") for at in range(0, len(pieces), 4096)]
    run = os.path.join(folder, "sample.txt")
    with open(run, "w", encoding="utf-8") as file:
        file.write(sample)
    for size in (1, 10):
        with open(os.path.join(folder, f"letter-{size}.txt"), "w") as file:
            file.write("a" * (size * 1000000))
    for name, (tokenizer, boundary) in train(corpus, VOCABULARY).items():
        path = os.path.join(folder, f"{name}.json")
        tokenizer.save(path)

        def ours(text):
            return [float(x) for x in subprocess.check_output([program, path, boundary, "text", text]).split()]
        for turn in range(3):
            whole, parts = ours(run)
            theirs = library_speed(tokenizer, pieces)
            print(f"{name}: documents of 4 KiB {parts:.1f} MB/s, the library {theirs:.1f}, ratio {parts / theirs:.1f}; one document {whole:.1f}", flush=True)
        small, large = (ours(os.path.join(folder, f"letter-{size}.txt"))[0] for size in (1, 10))
        print(f"{name}: one letter, 1 MB at {small:.1f} MB/s, 10 MB at {large:.1f}, ratio {small / large:.2f}", flush=True)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
