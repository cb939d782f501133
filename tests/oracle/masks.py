"""Masks by docs/regularise.md, in NumPy."""

import numpy as np

WORD = np.uint64(0xFFFFFFFF)


def philox(counter, key):
    """Philox 4x32-10. counter: four arrays of 32-bit words, key: two words."""
    a, b, c, d = (np.asarray(word, np.uint64) for word in counter)
    k0, k1 = (int(word) for word in key)
    for _ in range(10):
        left, right = np.uint64(0xD2511F53) * a, np.uint64(0xCD9E8D57) * c
        a, b, c, d = ((right >> np.uint64(32)) ^ b ^ np.uint64(k0), right & WORD,
                      (left >> np.uint64(32)) ^ d ^ np.uint64(k1), left & WORD)
        k0, k1 = (k0 + 0x9E3779B9) & 0xFFFFFFFF, (k1 + 0xBB67AE85) & 0xFFFFFFFF
    return a, b, c, d


def halves(x):
    return x & 0xFFFFFFFF, x >> 32


def name_key(name):
    key = 0xCBF29CE484222325
    for byte in name.encode():
        key = (key ^ byte) * 0x100000001B3 & 0xFFFFFFFFFFFFFFFF
    return key


def mask_bits(seed, purpose, step, name, number, count):
    """16 bits for each of the first `count` elements. purpose: 8 of weights, 9 of activations."""
    of_step = [int(word) for word in philox((*halves(step), purpose, 0), halves(seed))]
    low, high = halves(name_key(name))
    key = [int(word) for word in philox((low ^ of_step[2], high ^ of_step[3], *halves(number)),
                                        of_step[:2])]
    blocks = np.arange((count + 7) // 8, dtype=np.uint64)
    words = np.stack(philox((blocks & WORD, blocks >> np.uint64(32), key[2], key[3]), key[:2]), -1)
    return np.stack([words & np.uint64(0xFFFF), words >> np.uint64(16)], -1).reshape(-1)[:count]


def factors(bits, rate):
    threshold = round(65536 * rate)
    return np.where(bits < threshold, 0.0, 1 / (1 - threshold / 65536))
