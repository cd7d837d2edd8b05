"""Training stopped after any iteration and gone on with from bytes ends in the same bytes; damaged and foreign states are refused."""

from __future__ import annotations

import hashlib
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlplat.errors import IntegrityError, OptionError, UnknownNameError
from mlplat.platform.training import (
    CallableTrainer,
    LogisticRegression,
    SGDRegressor,
    TrainingData,
    TrainingState,
    churn,
    deliveries,
    model_from_parts,
    trainer_of,
)
from mlplat.platform.training.packing import pack, unpack

LABELS, NUMBERS = churn(2100, 1), deliveries(2100, 1)
CASES: dict[str, tuple[TrainingData, dict[str, Any]]] = {
    "ridge-regression": (NUMBERS, {"alpha": 0.5}),
    "logistic-regression": (LABELS, {"max_iter": 9}),
    "sgd-regressor": (NUMBERS, {"eta0": 1e-5, "max_iter": 2, "batch_size": 100}),
    "sgd-classifier": (LABELS, {"eta0": 1e-3, "max_iter": 2, "batch_size": 100}),
    "boosted-stumps-regressor": (NUMBERS, {"n_estimators": 12}),
    "boosted-stumps-classifier": (LABELS, {"n_estimators": 12}),
}


def uninterrupted(kind: str, seed: int = 3) -> dict[str, Any]:
    data, parameters = CASES[kind]
    trainer = trainer_of(kind)
    state = trainer.start(data, parameters, seed)
    trainer.advance(state, state.iterations)
    return trainer.parts(state)


@given(st.sampled_from(sorted(CASES)), st.lists(st.integers(0, 9), max_size=5))
def test_s108_stopped_anywhere_and_resumed_from_bytes_gives_the_same_bytes(kind: str, stops: list[int]) -> None:
    data, parameters = CASES[kind]
    trainer = trainer_of(kind)
    state = trainer.start(data, parameters, 3)
    for iterations in stops:
        trainer.advance(state, iterations)
        kept = trainer.state_bytes(state)
        state = trainer.from_bytes(kept, data)
        assert trainer.state_bytes(state) == kept
    trainer.advance(state, state.iterations)
    assert trainer.parts(state) == uninterrupted(kind)


@pytest.mark.parametrize("kind", sorted(CASES))
def test_a_trainer_gives_what_fit_gives(kind: str) -> None:
    data, parameters = CASES[kind]
    made = model_from_parts(uninterrupted(kind))
    fitted = type(made)(**made.get_params()).fit(data.frame().select(data.features), data.y)
    assert fitted.to_parts() == uninterrupted(kind)
    assert {**made.get_params(), **parameters} == made.get_params()


@pytest.mark.parametrize("kind", sorted(CASES))
def test_every_iteration_changes_the_state(kind: str) -> None:
    data, parameters = CASES[kind]
    trainer = trainer_of(kind)
    state = trainer.start(data, parameters, 3)
    assert isinstance(state, TrainingState) and state.done == 0
    seen = {trainer.state_bytes(state)}
    for _ in range(min(state.iterations, 6)):
        trainer.advance(state, 1)
        seen.add(trainer.state_bytes(state))
    assert len(seen) == min(state.iterations, 6) + 1
    trainer.advance(state, 10**9)
    assert state.done == state.iterations


def test_the_seed_is_that_of_the_descent_and_nothing_to_the_others() -> None:
    assert uninterrupted("sgd-regressor", 1) != uninterrupted("sgd-regressor", 2)
    assert uninterrupted("logistic-regression", 1) == uninterrupted("logistic-regression", 2)


def test_a_model_is_had_only_at_the_end() -> None:
    trainer = trainer_of(LogisticRegression)
    state = trainer.start(LABELS, {}, 0)
    trainer.advance(state, 24)
    with pytest.raises(OptionError, match="24 of 25 iterations"):
        trainer.parts(state)


def test_damaged_and_foreign_states_are_refused() -> None:
    trainer = trainer_of(SGDRegressor)
    state = trainer.start(NUMBERS, {"eta0": 1e-5}, 0)
    trainer.advance(state, 3)
    kept = trainer.state_bytes(state)
    for place in range(0, len(kept), 7):
        damaged = kept[:place] + bytes([kept[place] ^ 4]) + kept[place + 1 :]
        with pytest.raises((IntegrityError, OptionError)):
            trainer.from_bytes(damaged, NUMBERS)
    with pytest.raises(IntegrityError, match="state of training"):
        trainer.from_bytes(kept[:-1], NUMBERS)
    with pytest.raises(OptionError, match="no state of training"):
        trainer.from_bytes(b"", NUMBERS)
    with pytest.raises(IntegrityError, match="data of the state"):
        trainer.from_bytes(kept, deliveries(2100, 2))
    with pytest.raises(OptionError, match="state of 'sgd-regressor'; expected one of 'ridge-regression'"):
        trainer_of("ridge-regression").from_bytes(kept, NUMBERS)
    said, arrays = unpack(kept)
    for change in ({"done": 10**6}, {"done": -1}):
        with pytest.raises(OptionError, match="iterations done"):
            trainer.from_bytes(pack({**said, **change}, arrays), NUMBERS)
    with pytest.raises(OptionError, match="array 'weights'"):
        trainer.from_bytes(pack(said, {"weights": np.zeros(3)}), NUMBERS)
    with pytest.raises(OptionError, match="array 'weights'"):
        trainer.from_bytes(pack(said, {}), NUMBERS)


def test_a_function_of_ones_own_is_one_iteration_and_platform_dependent() -> None:
    def average(data: TrainingData, seed: int, scale: float) -> dict[str, Any]:
        return {"mean": data.x.mean(axis=0) * scale, "note": b"average"}

    trainer = trainer_of(average)
    assert trainer.name == "average" and trainer.numerics == "platform-dependent"
    state = trainer.start(NUMBERS, {"scale": 2.0}, 0)
    with pytest.raises(OptionError, match="average: not called yet"):
        trainer.parts(state)
    again = trainer.from_bytes(trainer.state_bytes(state), NUMBERS)
    trainer.advance(again, 0)
    assert again.done == 0
    trainer.advance(again, 1)
    assert again.done == again.iterations == 1 and trainer.parts(again)["mean"].tolist() == (NUMBERS.x.mean(axis=0) * 2.0).tolist()
    with pytest.raises(IntegrityError):
        trainer.from_bytes(trainer.state_bytes(state), LABELS)


def test_a_function_may_answer_with_a_model_or_bytes_and_nothing_else() -> None:
    def run(answer: Any) -> dict[str, Any]:
        trainer = CallableTrainer(lambda data, seed: answer, name="own", numerics="portable")
        state = trainer.start(LABELS, {}, 0)
        trainer.advance(state, 1)
        return trainer.parts(state)

    model = LogisticRegression(max_iter=2).fit(LABELS.x, LABELS.y)
    assert run(model) == model.to_parts() and run(b"bytes") == {"model": b"bytes"}
    with pytest.raises(OptionError, match="expected bytes"):
        run(object())
    with pytest.raises(UnknownNameError, match="numerics"):
        CallableTrainer(lambda data, seed: b"", numerics="exact")
    with pytest.raises(OptionError, match="expected something to call"):
        trainer_of(3)
    with pytest.raises(UnknownNameError, match="kind of model 'ridge-regresion'; did you mean 'ridge-regression'"):
        trainer_of("ridge-regresion")


def test_a_trainer_of_ones_own_is_taken_as_it_is() -> None:
    own = trainer_of("ridge-regression")
    assert trainer_of(own) is own


@pytest.mark.parametrize("missing", ["kind", "parameters", "seed", "data", "done"])
def test_a_state_that_says_less_than_it_should_is_refused(missing: str) -> None:
    trainer = trainer_of("ridge-regression")
    said, arrays = unpack(trainer.state_bytes(trainer.start(NUMBERS, {}, 0)))
    del said[missing]
    with pytest.raises((OptionError, IntegrityError)):
        trainer.from_bytes(pack(said, arrays), NUMBERS)


@pytest.mark.parametrize("head", [b"{}", b"[]", b"{", b'{"said":{},"arrays":[["a","<f8",[99]]]}', b'{"said":{},"arrays":[["a","|O",[0]]]}'])
def test_heads_that_no_state_has_are_refused(head: bytes) -> None:
    content = head + b"\n"
    with pytest.raises(OptionError, match="state of training"):
        unpack(b"mlplat-training-1 " + hashlib.sha256(content).hexdigest().encode() + b"\n" + content)


def test_a_state_that_was_made_up_is_not_read_beyond_the_end_of_anything() -> None:
    trainer = trainer_of("boosted-stumps-regressor")
    state = trainer.start(NUMBERS, {"n_estimators": 4}, 0)
    trainer.advance(state, 2)
    said, arrays = unpack(trainer.state_bytes(state))
    for feature, last_left in ((6, 0), (-2, 0), (0, 10**6), (10**9, 0)):
        chosen = arrays["chosen"].copy()
        chosen[0] = feature, last_left
        with pytest.raises(OptionError, match="state of training"):
            trainer.from_bytes(pack(said, {**arrays, "chosen": chosen}), NUMBERS)
