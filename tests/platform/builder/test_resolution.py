"""Packages: versions and ranges, an index that moves, and a lock that is the newest that fits together."""

from __future__ import annotations

from itertools import chain

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlplat.errors import MlplatError, OptionError, UnknownNameError
from mlplat.platform.automation.builder import Package, PackageIndex, Requirement, default_index
from mlplat.platform.automation.builder.package_versions import version_key
from mlplat.platform.automation.builder.resolution import ResolutionError, resolve

from .naive_resolution import answers

NAMES = ("a", "b", "c")
VERSIONS = ("1", "1.5", "2")
wanted = st.builds(
    lambda name, clauses: name + ",".join(clauses),
    st.sampled_from(NAMES),
    st.lists(st.builds(str.__add__, st.sampled_from(("==", "!=", ">=", "<=", "<", ">")), st.sampled_from(VERSIONS)), max_size=1),
)


def versions_of(name: str) -> st.SearchStrategy[list[Package]]:
    others = st.lists(wanted.filter(lambda text: text[0] != name), max_size=2)
    return st.lists(
        st.builds(Package, st.just(name), st.sampled_from(VERSIONS), st.just(1), others), min_size=1, unique_by=lambda each: each.version
    )


indices = st.builds(lambda *found: PackageIndex(tuple(chain.from_iterable(found))), *map(versions_of, NAMES))


@given(indices, st.lists(wanted, min_size=1, max_size=3))
def test_the_answer_is_one_of_all_and_the_first_package_is_the_newest_that_can_be(index: PackageIndex, texts: list[str]) -> None:
    requirements = [Requirement.parse(text) for text in texts]
    known = list(answers(requirements, index))
    if not known:
        with pytest.raises(ResolutionError) as caught:
            resolve(requirements, index)
        assert 0 <= caught.value.root < len(requirements)
        return
    found = {package.name: package for package in resolve(requirements, index)}
    assert found in known
    first = requirements[0].name
    assert version_key(found[first].version) == max(version_key(each[first].version) for each in known)


@given(indices, st.lists(wanted, min_size=1, max_size=3), st.randoms(use_true_random=False))
def test_the_order_of_an_index_does_not_matter(index: PackageIndex, texts: list[str], random: object) -> None:
    packages = list(index)
    random.shuffle(packages)  # type: ignore[attr-defined]
    again = PackageIndex(tuple(packages))
    assert again == index and again.digest == index.digest


@pytest.mark.parametrize(
    ("text", "fits", "others"),
    [
        ("numpy", ("0", "99.1"), ()),
        ("numpy==2.1", ("2.1", "2.1.0"), ("2.1.1", "2")),
        ("numpy != 2.1", ("2.0", "2.1.1"), ("2.1.0",)),
        ("numpy>=2,<3", ("2", "2.9.9"), ("1.99", "3.0")),
        ("numpy>2,<=2.10", ("2.9", "2.10"), ("2.0.0", "2.11")),
        ("numpy~=2.1", ("2.1", "2.9"), ("2.0", "3")),
        ("numpy~=2.1.3", ("2.1.3", "2.1.10"), ("2.1.2", "2.2")),
        ("numpy~=1.0.0", ("1.0.7",), ("1.1", "0.9")),
    ],
)
def test_ranges(text: str, fits: tuple[str, ...], others: tuple[str, ...]) -> None:
    requirement = Requirement.parse(text)
    assert all(requirement.allows(version) for version in fits)
    assert not any(requirement.allows(version) for version in others)
    assert Requirement.parse(str(requirement)) == requirement


@pytest.mark.parametrize(
    "text", ["", "numpy>=", "numpy 2", "numpy=2", "numpy>=2,,<3", "numpy~=2", "nu mpy", "numpy>=1.x", "-a", 3, None, "a" * 400]
)
def test_what_is_no_requirement_is_refused(text: object) -> None:
    with pytest.raises(OptionError, match="expected"):
        Requirement.parse(text)


def test_one_package_has_one_spelling() -> None:
    assert Requirement.parse("Scikit_Learn").name == Package("scikit.learn", "1", 1).name == "scikit-learn"


def test_an_index_moves_and_the_old_one_stays() -> None:
    before = PackageIndex((Package("numpy", "2.0", 60),))
    after = before.moved([Package("numpy", "2.1", 61)], gone=[("numpy", "2.0")])
    assert [each.version for each in before] == ["2.0"] and [each.version for each in after] == ["2.1"]
    assert before.digest != after.digest and PackageIndex.read(after.to_json()) == after
    with pytest.raises(UnknownNameError):
        before.moved(gone=[("numpy", "3")])
    with pytest.raises(OptionError, match="twice"):
        PackageIndex((Package("numpy", "2.0", 60), Package("numpy", "2.0.0", 61)))


def test_the_same_version_with_other_content_has_another_digest() -> None:
    assert Package("numpy", "2.0", 60).digest != Package("numpy", "2.0", 61).digest


def test_a_conflict_says_who_asks_for_what() -> None:
    index = PackageIndex((Package("ui", "1", 1, ("core<2",)), Package("core", "1", 1), Package("core", "2", 1)))
    with pytest.raises(ResolutionError) as caught:
        resolve([Requirement.parse("core>=2"), Requirement.parse("ui")], index)
    assert str(caught.value) == "ui 1 needs core<2, and core 2 is what else fits" and caught.value.root == 1
    with pytest.raises(ResolutionError) as caught:
        resolve([Requirement.parse("core>=3")], index)
    assert str(caught.value) == "nothing fits core>=3; there are core 2, 1"


def test_an_unknown_package_names_the_closest() -> None:
    with pytest.raises(ResolutionError, match="did you mean 'numpy'") as caught:
        resolve([Requirement.parse("scipy"), Requirement.parse("nunpy")], default_index())
    assert caught.value.root == 1


def test_every_package_of_the_first_index_can_be_installed() -> None:
    for package in default_index():
        found = resolve([Requirement.parse(f"{package.name}=={package.version}")], default_index())
        assert package in found


def test_what_cannot_be_an_index_is_refused() -> None:
    for rows in ({}, [3], [{"name": "a"}], [{"name": "a", "version": "x", "size_mib": 1, "requires": [], "digest": ""}]):
        with pytest.raises(MlplatError):
            PackageIndex.read(rows)
