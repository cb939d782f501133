"""Trains a tokenizer of each shape that published models have, on text of this machine, with the tokenizers library."""

import glob
import io
import os
import random

import sentencepiece
from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers

SPECIAL = ["<|endoftext|>", "<|im_start|>", "<|im_end|>"]
CONTRACTIONS = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+"
REST = r"| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
DEEPSEEK = [
    r"\p{N}{1,3}",
    r"[一-龥぀-ゟ゠-ヿ]+",
    r"""[!"#$%&'()*+,\-./:;<=>?@\[\\\]^_`{|}~][A-Za-z]+|[^\r\n\p{L}\p{P}\p{S}]?[\p{L}\p{M}]+| ?[\p{P}\p{S}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+""",
]
LANGUAGES = "héllo wörld, naïve café — “quotes” 你好世界 これは日本語 한국어 텍스트 Привет мир العربية हिन्दी ไทย 😀 👩‍👩‍👧‍👦 ½ "


def texts(characters):
    """Documentation and programs, in an order that is always the same."""
    tree = os.path.join(os.path.dirname(__file__), "..", "..", "..")
    patterns = ["/usr/share/doc/*/*", "/usr/lib/python3*/*.py", "/usr/share/perl/*/**/*.pod", f"{tree}/*/**/*.cpp", f"{tree}/docs/*.md"]
    files = [file for pattern in patterns for file in sorted(glob.glob(pattern, recursive=True)) if os.path.isfile(file)]
    random.Random(1).shuffle(files)
    found, size = [LANGUAGES * 200], 0
    for file in files:
        try:
            text = open(file, encoding="utf-8").read(100000)
        except (OSError, UnicodeDecodeError):
            continue
        found.append(text)
        size += len(text)
        if size > characters:
            break
    return found


def split(*patterns):
    cuts = [pre_tokenizers.Split(Regex(pattern), "isolated") for pattern in patterns]
    return pre_tokenizers.Sequence(cuts + [pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)])


def byte_level(corpus, vocabulary, cuts, normalizer=None, ignore_merges=False, added=()):
    tokenizer = Tokenizer(models.BPE(ignore_merges=ignore_merges))
    if normalizer:
        tokenizer.normalizer = normalizer
    tokenizer.pre_tokenizer, tokenizer.decoder = cuts, decoders.ByteLevel()
    tokenizer.post_processor = processors.ByteLevel(trim_offsets=False)
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    tokenizer.train_from_iterator(corpus, trainers.BpeTrainer(
        vocab_size=vocabulary, special_tokens=SPECIAL, initial_alphabet=alphabet, show_progress=False))
    tokenizer.add_tokens(list(added))
    return tokenizer


def train_sentencepiece(corpus, vocabulary):
    lines = [line for text in corpus for line in text.split("\n") if line]
    random.Random(2).shuffle(lines)
    model = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(lines[:200000]), model_writer=model, vocab_size=vocabulary, model_type="bpe", byte_fallback=True,
        remove_extra_whitespaces=False, normalization_rule_name="identity", split_digits=True, allow_whitespace_only_pieces=True,
        character_coverage=0.9995, minloglevel=2)
    return sentencepiece.SentencePieceProcessor(model_proto=model.getvalue())


def converted(pieces):
    """As transformers' LlamaConverter: every way to put a piece together from two others, by the piece's id."""
    ids = {pieces.id_to_piece(i): i for i in range(pieces.get_piece_size())}
    merges = []
    for piece, place in ids.items():
        if not (pieces.is_control(place) or pieces.is_unknown(place) or pieces.is_byte(place)):
            ways = [(piece[:cut], piece[cut:]) for cut in range(1, len(piece)) if piece[:cut] in ids and piece[cut:] in ids]
            merges += sorted(ways, key=lambda way: (ids[way[0]], ids[way[1]]))
    tokenizer = Tokenizer(models.BPE(vocab=ids, merges=merges, unk_token="<unk>", fuse_unk=True, byte_fallback=True))
    steps = [decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse(), decoders.Strip(" ", 1, 0)]
    tokenizer.decoder = decoders.Sequence(steps)
    tokenizer.add_special_tokens([AddedToken(text, normalized=False, special=True) for text in ("<unk>", "<s>", "</s>")])
    tokenizer.post_processor = processors.TemplateProcessing(
        single="<s> $A", pair="<s> $A <s> $B", special_tokens=[("<s>", ids["<s>"])])
    return tokenizer


def llama2(pieces):
    tokenizer = converted(pieces)
    tokenizer.normalizer = normalizers.Sequence([normalizers.Prepend("▁"), normalizers.Replace(" ", "▁")])
    return tokenizer


def metaspace(pieces):
    """The newer form of the same."""
    tokenizer = converted(pieces)
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace(prepend_scheme="first", split=False)
    return tokenizer


def train(corpus, vocabulary):
    """The tokenizers by name, each with the token that starts its documents."""
    added = [AddedToken("<tool_call>", normalized=False), AddedToken("word", single_word=True),
             AddedToken("  strips", lstrip=True, rstrip=True), AddedToken("     ")]
    llama3 = split(CONTRACTIONS + r"|\p{N}{1,3}" + REST)
    qwen2 = split(CONTRACTIONS + r"|\p{N}" + REST)
    digits = pre_tokenizers.Sequence([pre_tokenizers.Digits(individual_digits=True), split(*DEEPSEEK)])
    shapes = {
        "gpt2": byte_level(corpus, vocabulary, pre_tokenizers.ByteLevel(add_prefix_space=False)),
        "llama3": byte_level(corpus, vocabulary, llama3, ignore_merges=True),
        "qwen2": byte_level(corpus, vocabulary, qwen2, normalizer=normalizers.NFC(), added=added),
        "deepseek": byte_level(corpus, vocabulary, split(*DEEPSEEK)),
        "digits": byte_level(corpus, vocabulary, digits),
    }
    pieces = train_sentencepiece(corpus, vocabulary)
    shapes["llama2"], shapes["metaspace"] = llama2(pieces), metaspace(pieces)
    return {name: (shape, "<s>" if name in ("llama2", "metaspace") else SPECIAL[0]) for name, shape in shapes.items()}
