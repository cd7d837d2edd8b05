"""Words that stand for withheld nodes: one each, always the same, and nothing to be read from them."""

from __future__ import annotations

import numpy as np

from mlplat.platform.artifacts.metadata.secret_words import secret_words
from mlplat.streams import stream

SECRET = stream(7, "secret").bytes(32)
MASK = 2**64 - 1


def naive(number: int, secret: bytes) -> int:
    """With integers of Python, one number at a time."""
    word = number & MASK
    for place in range(0, 32, 8):
        word ^= int.from_bytes(secret[place : place + 8], "little")
        word = (word ^ (word >> 30)) * 0xBF58476D1CE4E5B9 & MASK
        word = (word ^ (word >> 27)) * 0x94D049BB133111EB & MASK
        word ^= word >> 31
    return word


def test_words_are_those_of_the_definition() -> None:
    numbers = np.array([0, 1, 2, 7, 2**31 - 1], np.int32)
    assert secret_words(numbers, SECRET).tolist() == [naive(int(number), SECRET) for number in numbers]


def test_no_two_numbers_have_one_word_and_another_secret_gives_others() -> None:
    numbers = np.arange(200_000)
    words = set(secret_words(numbers, SECRET).tolist())
    assert len(words) == len(numbers)
    assert not words & set(secret_words(numbers, stream(8, "secret").bytes(32)).tolist())


def test_neighbours_differ_in_half_of_their_bits() -> None:
    words = secret_words(np.arange(10_000), SECRET).astype(np.uint64)
    differing = (
        np.bitwise_count(words[1:] ^ words[:-1])
        if hasattr(np, "bitwise_count")
        else np.array([bin(int(a ^ b)).count("1") for a, b in zip(words[1:], words[:-1], strict=True)])
    )
    assert abs(differing.mean() - 32) < 5 * 4 / np.sqrt(len(differing))
    assert (np.diff(words.astype(np.float64)) > 0).mean() < 0.53
