"""Digests of content: the golden values of the identity of content, and what has none."""

from __future__ import annotations

import numpy as np
import pytest

from mlplat.errors import OptionError
from mlplat.platform.storage import digest_of, digest_of_array, digest_of_json, digest_of_parts

JSON = "sha256:7d2b016c294e090653498866cffc5482c11c90adf0052a308cfc737d05d0008e"
ARRAY = "sha256:8eebfddd9063f9d0a27e9338489d1ac42173140dd2ba804d79850a6634f25245"


def test_golden_digests() -> None:
    assert digest_of(b"") == "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    assert digest_of_json({"b": [1, 2.5, True, None], "a": "ü"}) == JSON
    assert digest_of_array(np.array([[0, 1, 2], [3, 4, 5]], dtype="<f8")) == ARRAY


def test_the_digest_of_an_array_is_that_of_its_values_whatever_its_layout() -> None:
    values = np.arange(6.0).reshape(2, 3)
    assert digest_of_array(values.astype(">f8")) == ARRAY
    assert digest_of_array(np.asfortranarray(values)) == ARRAY
    assert digest_of_array(np.arange(12.0).reshape(2, 6)[:, ::2] / 2) == digest_of_array(np.array([[0.0, 1, 2], [3, 4, 5]]))
    assert digest_of_array(values.reshape(3, 2)) != ARRAY
    assert digest_of_array(values.astype("f4")) != ARRAY


def test_an_array_of_objects_has_no_digest() -> None:
    with pytest.raises(OptionError, match="array of object"):
        digest_of_array(np.array([{}, []], dtype=object))


def test_a_composite_has_the_digest_of_its_parts_by_name() -> None:
    assert digest_of_parts({"b": JSON, "a": ARRAY}) == digest_of_json({"a": ARRAY, "b": JSON})
    with pytest.raises(OptionError, match="expected 'sha256:'"):
        digest_of_parts({"a": "7d2b"})
