"""Versions, aliases, stages and rules at random, against a naive model; and the registry made again stands where it stood."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from mlplat.errors import MlplatError
from mlplat.platform.artifacts.models import ModelRegistry

from .shops import Shop, written_down

NAMES, ALIASES, STAGES = ("shop/a", "lab/b"), ("champion", "shadow"), ("none", "staging", "production", "archived", "failed")
NEXT = {
    "none": {"staging", "failed", "archived"},
    "staging": {"none", "production", "failed", "archived"},
    "production": {"staging", "archived"},
    "archived": {"staging"},
    "failed": {"archived"},
}
numbers, names = st.integers(1, 5), st.sampled_from(NAMES)
targets = st.one_of(st.sampled_from(ALIASES).map("@{}".format), st.sampled_from(STAGES))
rules = st.lists(
    st.one_of(
        st.integers(0, 4).map(lambda bound: ("least", bound)),
        st.tuples(st.just("near"), st.sampled_from(ALIASES), st.integers(0, 2)),
        st.sampled_from(STAGES).map(lambda stage: ("stage", stage)),
    ),
    max_size=2,
)
steps = st.one_of(
    st.tuples(st.just("register"), names, st.tuples(st.sampled_from([b"x", b"y", b"z"]), st.integers(0, 5))),
    st.tuples(st.just("register"), names, st.tuples(st.sampled_from([b"x", b"y", b"z"]), st.integers(0, 5))),
    st.tuples(st.just("promote"), names, st.tuples(numbers, targets)),
    st.tuples(st.just("promote"), names, st.tuples(numbers, targets)),
    st.tuples(st.just("rules"), names, st.tuples(targets, rules)),
    st.tuples(st.just("remove"), names, st.sampled_from(ALIASES)),
    st.tuples(st.just("protect"), names, numbers),
    st.tuples(st.just("delete"), names, numbers),
)


class Naive:
    """Versions as [content, score, stage, protected], aliases as a history of (alias, number)."""

    def __init__(self) -> None:
        self.versions: dict[tuple[str, int], list[Any]] = {}
        self.count = dict.fromkeys(NAMES, 0)
        self.moves: dict[str, list[tuple[str, int | None]]] = {name: [] for name in NAMES}
        self.rules: dict[tuple[str, str], list[Any]] = {}

    def alias(self, name: str, alias: str) -> int | None:
        return next((number for at, number in reversed(self.moves[name]) if at == alias), None)

    def passes(self, name: str, number: int, rule: Any) -> bool:
        _, score, stage, _ = self.versions[name, number]
        if rule[0] == "least":
            return bool(score >= rule[1])
        if rule[0] == "stage":
            return bool(stage == rule[1])
        other = self.alias(name, rule[1])
        return other is None or bool(score >= self.versions[name, other][1] - rule[2])


def text_of(rule: Any) -> str:
    if rule[0] == "near":
        return f"score not worse than @{rule[1]} by {rule[2]}"
    return f"score >= {rule[1]}" if rule[0] == "least" else f"stage {rule[1]}"


def do(shop: Shop, naive: Naive, what: str, name: str, how: Any) -> None:
    """One step, on both."""
    models, admin = shop.models, shop.admin
    if what == "register":
        content, score = how
        version = models.register(name, content, run="r", metrics={"score": score}, actor=admin)
        same = tuple(n for (path, n), (other, *_) in naive.versions.items() if path == name and other == content)
        naive.count[name] += 1
        assert (version.version, version.same_as) == (naive.count[name], same)
        naive.versions[name, version.version] = [content, score, "none", False]
    elif what == "rules":
        models.set_rules(name, how[0], [text_of(rule) for rule in how[1]], actor=admin)
        naive.rules[name, how[0]] = how[1]
    elif what == "remove":
        fine = naive.alias(name, how) is not None
        attempt(fine, lambda: models.remove_alias(name, how, actor=admin))
        if fine:
            naive.moves[name].append((how, None))
    elif what == "protect":
        attempt((name, how) in naive.versions, lambda: models.protect(f"{name}@{how}", "it", actor=admin))
        if (name, how) in naive.versions:
            naive.versions[name, how][3] = True
    elif what == "delete":
        there = naive.versions.get((name, how))
        fine = there is not None and not there[3] and how not in [naive.alias(name, alias) for alias in ALIASES]
        attempt(fine, lambda: models.delete(f"{name}@{how}", actor=admin))
        if fine:
            del naive.versions[name, how]
    elif what == "promote":
        promote(shop, naive, name, *how)


def promote(shop: Shop, naive: Naive, name: str, number: int, target: str) -> None:
    """Promotion as the naive model sees it."""
    there = naive.versions.get((name, number))
    fine = there is not None and (target.startswith("@") or target == there[2] or target in NEXT[there[2]])
    answer = attempt(fine, lambda: shop.models.promote(f"{name}@{number}", target, actor=shop.admin))
    if not fine or there is None:
        return
    verdicts = [naive.passes(name, number, rule) for rule in naive.rules.get((name, target), [])]
    assert [verdict.passed for verdict in answer.verdicts] == verdicts and answer.promoted == all(verdicts)
    if not all(verdicts):
        return
    if not target.startswith("@"):
        there[2] = target
    elif naive.alias(name, target[1:]) != number:
        naive.moves[name].append((target[1:], number))


def attempt(fine: bool, call: Any) -> Any:
    """Make a call that is refused just where it is to be."""
    try:
        answer = call()
    except MlplatError:
        assert not fine
        return None
    assert fine
    return answer


@given(todo=st.lists(steps, min_size=1, max_size=30))
def test_versions_aliases_stages_and_rules_are_as_in_a_naive_model(todo: list[Any]) -> None:
    shop, naive = Shop(), Naive()
    for what, name, how in todo:
        do(shop, naive, what, name, how)
        for path in NAMES:
            found = [(v.version, v.stage.value, bool(v.protected_by)) for v in shop.models.versions(path, actor=shop.admin)]
            assert found == [(n, stage, held) for (p, n), (_, _, stage, held) in naive.versions.items() if p == path]
            moves = shop.models.history(path, actor=shop.admin)
            assert [(move.alias, move.after) for move in moves] == naive.moves[path]
            for alias in ALIASES:
                mine = [move for move in moves if move.alias == alias]
                assert [move.before for move in mine] == [None, *(move.after for move in mine)][: len(mine)]
                at = naive.alias(path, alias)
                if at is not None:
                    assert shop.models.load(f"{path}@{alias}", actor=shop.admin) == naive.versions[path, at][0]
    again = ModelRegistry(shop.sim, shop.identity, written_down(shop.store))
    assert vars(again._catalogue) == vars(shop.models._catalogue)
    assert shop.sim.log.check() == []
