"""Texts on which tokenizers differ: code points of all kinds, marks, emoji, line ends, long runs, names of special tokens, code."""

import random


def pick(low, high):
    return lambda draw: chr(draw.randrange(low, high))


def of(*texts):
    return lambda draw: draw.choice(texts)


POOLS = [
    pick(32, 127), pick(0, 128), pick(0x80, 0x800), pick(0x800, 0xD800), pick(0xE000, 0x10000), pick(0x10000, 0x110000),
    pick(0x300, 0x370), pick(0x4E00, 0x9FA6), pick(0x1F300, 0x1FAFF), pick(0x3040, 0x3100), pick(0xAC00, 0xD7A4), pick(0x1100, 0x1200),
    pick(0x900, 0xE00), of(*"0123456789٣४௧Ⅷ²½"), of("\u200d", "\ufe0f", "▁", "\0"),
    of(*" \t\n\r\u00a0\u2028\u3000\u0085\u200b", "\r\n", "  ", "\n\n", "     "),
    of("'s", "'S", "'LL", "'re", "'ſ", "<|endoftext|>", "<|im_start|>", "<tool_call>", "word", "  strips", "     ", "<s>", "</s>", "<unk>",
       "<0x41>", "Ġ", "é", "e\u0301", "\u0301"),
    of("the", " of", "return", "int ", "\n\n", "\r\n", "    ", "()", "{}\n", "::", "==", "https://", "Hello", "World", "über", "naïve"),
]


def odd_texts(count, corpus, seed=7):
    draw = random.Random(seed)
    for _ in range(count):
        kind = draw.random()
        if kind < 0.25:
            text = draw.choice(corpus)
            begin = draw.randrange(max(1, len(text)))
            yield text[begin:begin + draw.choice([10, 50, 200, 800])]
        elif kind < 0.35:
            yield draw.choice(POOLS)(draw) * draw.choice([1, 2, 3, 7, 50, 300])
        elif kind < 0.65:
            pools = [draw.choice(POOLS) for _ in range(draw.choice([1, 2, 3]))]
            yield "".join(draw.choice(pools)(draw) for _ in range(draw.choice([1, 2, 5, 20, 60])))
        else:
            yield "".join(draw.choice(POOLS)(draw) for _ in range(draw.choice([1, 3, 8, 30, 100])))
