"""From the files of a commit to the plan of a build: places of what is wrong, locks, layers, keys and digests."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlplat.errors import InputError, OptionError
from mlplat.infra.endpoint import Layer
from mlplat.platform.artifacts.images import Manifest
from mlplat.platform.artifacts.scm import File
from mlplat.platform.automation.builder import (
    LOCK_FILE,
    BuildManifest,
    BuildPlan,
    BuildTimes,
    LayerKind,
    Package,
    PackageIndex,
    PackageLock,
    plan_build,
)
from mlplat.platform.automation.builder.planning import Base

INDEX = PackageIndex(
    (
        Package("numpy", "2.0.0", 60),
        Package("numpy", "2.1.0", 62),
        Package("scipy", "1.14", 100, ("numpy>=2",)),
        Package("tools", "1.0", 3),
    )
)
BASE = Manifest((Layer.of("python", 900),), entry="python", config={"threads": 1}, packages={"pip": "24.0"})
TEXT = """\
base: shop/python@3.11
packages:
  science:
    - scipy
  own: [tools, numpy]
files:
- train.py
- src
entry: python train.py
"""
FILES = {"image.yaml": TEXT, "train.py": "print(1)\n", "src/a.py": "A = 1\n", "README.md": "# Churn\n"}


def base(name: str) -> Base:
    return Base(f"shop/python@{BASE.digest}", BASE)


def plan(files: dict[str, str], index: PackageIndex = INDEX, **options: object) -> BuildPlan:
    return plan_build({path: File(text.encode()) for path, text in files.items()}, "image.yaml", index, base, **options)  # type: ignore[arg-type]


def test_layers_are_base_then_groups_then_files() -> None:
    found = plan(FILES)
    assert [(each.kind.value, each.name, each.layer.size_mib) for each in found.layers] == [
        ("base", "", 900),
        ("packages", "science", 162),
        ("packages", "own", 3),
        ("files", "", 1),
    ]
    assert found.image.packages == {"pip": "24.0", "numpy": "2.1.0", "scipy": "1.14", "tools": "1.0"}
    assert (found.image.entry, dict(found.image.config)) == ("python train.py", {"threads": 1})
    assert found.image.labels == {"lock": found.lock.digest}


def test_a2_3_changing_the_last_layer_rebuilds_only_it() -> None:
    first, second = plan(FILES), plan({**FILES, "train.py": "print(2)\n"})
    known = {each.layer.digest: each.layer.size_mib for each in first.layers}
    assert [each.kind for each in second.missing(known)] == [LayerKind.FILES]
    assert second.key != first.key and second.image.digest != first.image.digest
    times = BuildTimes(start_s=5, layer_s=1, packages_mib_s=10, files_mib_s=100)
    assert times.of(first.missing({})) == pytest.approx(5 + 1 + 16.2 + 1 + 0.3 + 1 + 0.01)
    assert times.of(second.missing(known)) == pytest.approx(5 + 1 + 0.01)
    assert times.of(first.missing(known)) == 0.0


def test_a_layer_of_packages_depends_on_what_it_stands_on_and_on_no_other_group() -> None:
    changed = plan({**FILES, "image.yaml": TEXT.replace("- scipy", "- scipy\n    - numpy<2.1")})
    known = {each.layer.digest: 0 for each in plan(FILES).layers}
    assert [each.name for each in changed.missing(known)] == ["science"]
    scratch = plan({**FILES, "image.yaml": TEXT.replace("shop/python@3.11", "scratch")})
    assert [each.kind.value for each in scratch.missing(known)] == ["packages", "packages"]


def test_what_is_not_in_the_image_does_not_change_it() -> None:
    first = plan(FILES)
    commented = plan({**FILES, "image.yaml": "# ours\n" + TEXT, "README.md": "# other\n"})
    assert (commented.key, commented.image.digest) == (first.key, first.image.digest)
    assert plan({**FILES, "image.yaml": TEXT + "tags: [v2]\nname: other\n"}).image.digest == first.image.digest


def test_the_mode_of_a_file_is_content() -> None:
    files = {path: File(text.encode()) for path, text in FILES.items()}
    other = plan_build({**files, "train.py": File(b"print(1)\n", "100755")}, "image.yaml", INDEX, base)
    assert other.image.digest != plan(FILES).image.digest


def test_s88_rebuilding_from_the_lock_after_the_index_moved_gives_the_same_digest() -> None:
    first = plan(FILES)
    moved = INDEX.moved([Package("numpy", "2.2.0", 64)], gone=[("numpy", "2.1.0")])
    anew = plan(FILES, moved)
    assert anew.image.digest != first.image.digest
    assert [str(change) for change in anew.lock.changes(first.lock)] == ["numpy 2.1.0 -> 2.2.0"]
    assert plan(FILES, moved, lock=first.lock).image.digest == first.image.digest
    kept = {**FILES, LOCK_FILE: first.lock.to_bytes().decode()}
    assert plan(kept, moved).image.digest == first.image.digest
    assert plan(kept, moved, anew=True).image.digest == anew.image.digest


def test_another_content_of_the_same_version_is_a_change_too() -> None:
    other = plan(FILES, INDEX.moved([Package("tools", "1.0", 4)]))
    assert [change.name for change in other.lock.changes(plan(FILES).lock)] == ["tools"]


@pytest.mark.parametrize(
    ("old", "new", "line", "problem"),
    [
        ("scipy", "scippy", 4, "did you mean 'scipy'"),
        ("numpy]", "numpy<2]", 5, "scipy 1.14 needs numpy>=2|nothing fits"),
        ("tools,", "tools>2,", 5, "nothing fits tools>2"),
        ("- src", "- sources", 8, "matches no file of the commit"),
        ("entry:", "entyr:", 9, "did you mean 'entry'"),
        ("base: shop/python@3.11", "base: shop/python", 1, "expected a tag or digest"),
        ("base: shop/python@3.11", "base: [1]", 1, "not text"),
        ("- scipy", "- scipy 2", 4, "expected a package"),
        ("- train.py", "- ../train.py", 7, "expected no name in it"),
        ("entry: python", "entry: {a: 1, a: 2} #", 9, "given twice"),
        ("entry: python", "entry: !!python/name:os.system #", 9, "tag"),
        ("own: [tools, numpy]", "own: [tools, numpy", 6, "not YAML"),
        ("own: [tools, numpy]", "own: {tools: 1}", 5, "no list"),
        ("entry: python train.py", "entry: 3", 9, "not text"),
        ("entry: python train.py", "config: [1]", 9, "no mapping"),
        ("entry: python train.py", "config: {when: 2026-01-01}", 9, "JSON"),
        ("entry: python train.py", "name: a/b", 9, "expected letters"),
        ("entry: python train.py", "tags: [-x]", 9, "tag"),
    ],
)
def test_s87_an_error_names_file_and_line(old: str, new: str, line: int, problem: str) -> None:
    assert old in TEXT
    with pytest.raises(InputError, match=problem) as caught:
        plan({**FILES, "image.yaml": TEXT.replace(old, new)})
    assert (caught.value.path, caught.value.line) == ("image.yaml", line)


@pytest.mark.parametrize("content", [b"", b"- a\n", b"3\n", b"# nothing\n", b"\xff\xfe\n", b"a" * 300_000, b"? [1]\n: 2\n"])
def test_what_is_no_manifest_is_refused(content: bytes) -> None:
    with pytest.raises(InputError, match=r"image\.yaml"):
        BuildManifest.parse(content)


def test_an_image_that_cannot_be_is_refused_with_the_line() -> None:
    many = tuple(Package(f"p{number}", "1", 1) for number in range(1001))
    text = "packages:\n" + "".join(f"  g{number}: p{number}\n" for number in range(1001))
    with pytest.raises(InputError, match="no image: manifest, layers: 1001 layers") as caught:
        plan({"image.yaml": text}, PackageIndex(many))
    assert caught.value.line == 2


@pytest.mark.parametrize("options", [{"start_s": -1}, {"packages_mib_s": 0}, {"files_mib_s": float("nan")}, {"layer_s": "1"}])
def test_times_that_are_none_are_refused(options: dict[str, float]) -> None:
    with pytest.raises(OptionError, match=next(iter(options))):
        BuildTimes(**options)


def test_a_manifest_that_is_not_there_is_named() -> None:
    with pytest.raises(InputError, match=r"image\.yaml: is no file of the commit"):
        plan({"train.py": ""})


def test_a_lock_that_does_not_fit_is_refused_with_the_line_of_the_manifest() -> None:
    lock = plan(FILES).lock
    for text, line, said in (
        (TEXT.replace("- scipy", "- scipy<1"), 4, "image.lock has scipy 1.14"),
        (TEXT.replace("[tools, numpy]", "[tools, numpy, extra]"), 5, "image.lock has no extra"),
        (TEXT.replace("base: shop/python@3.11", "base: scratch"), 1, "of another base"),
    ):
        with pytest.raises(InputError, match=said) as caught:
            plan({**FILES, "image.yaml": text}, lock=lock)
        assert caught.value.line == line
    with pytest.raises(InputError, match=r"tools 1\.0, which nothing asks for"):
        plan({**FILES, "image.yaml": TEXT.replace("[tools, numpy]", "[numpy]")}, lock=lock)
    short = PackageLock(lock.base, tuple(package for package in lock.packages if package.name != "numpy"))
    with pytest.raises(InputError, match=r"scipy 1.14 needs numpy>=2, and image.lock has no numpy"):
        plan({**FILES, "image.yaml": TEXT.replace(", numpy", "")}, lock=short)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"[]",
        b"{}",
        b'{"base":"","format":2,"packages":[]}',
        b'{"base":"x","format":1,"packages":[]}',
        b'{"base":"","format":1,"packages":[3]}',
        b'{"base":"","format":1,"packages":{}}',
        b'{"base":"","format":1,"packages":[{"name":"a"}]}',
        b"[" * 100_000,
        b"\xff",
        PackageLock("", (Package("b", "1", 1), Package("a", "1", 1))).to_bytes(),
        PackageLock("", (Package("a", "1", 1), Package("a", "2", 1))).to_bytes(),
    ],
)
def test_what_is_no_lock_is_refused(content: bytes) -> None:
    with pytest.raises(InputError, match=r"image\.lock"):
        PackageLock.parse(content)


@given(st.binary(max_size=60) | st.text(max_size=60).map(str.encode))
def test_whatever_stands_in_a_manifest_or_lock_is_read_or_refused(content: bytes) -> None:
    for read in (BuildManifest.parse, PackageLock.parse):
        try:
            read(content)
        except InputError as error:
            assert str(error)


@given(st.dictionaries(st.sampled_from(["a.py", "b.py", "c/d.py"]), st.binary(max_size=8), min_size=1), st.randoms(use_true_random=False))
def test_s89_the_digest_is_a_function_of_content_in_whatever_order_it_comes(files: dict[str, bytes], random: object) -> None:
    there = {"image.yaml": File(b"files: ['**/*.py']\npackages: [tools]\n"), **{path: File(text) for path, text in files.items()}}
    shuffled = list(there.items())
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    one, two = (plan_build(each, "image.yaml", INDEX, base) for each in (there, dict(shuffled)))
    assert (one.key, one.image.digest) == (two.key, two.image.digest)
