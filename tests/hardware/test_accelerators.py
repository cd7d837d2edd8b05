"""The accelerator catalogue and MIG geometry."""

from __future__ import annotations

from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlplat.errors import SpecError, UnknownNameError
from mlplat.hardware import ALIASES, CATALOGUE, Accelerator, MigGeometry, MigProfile, accelerator, resolve_model

REQUIRED = ["K80", "P100", "V100-16", "V100-32", "T4", "A10", "A100-40", "A100-80", "H100-80", "H200", "L4", "L40S", "MI300X", "TPU-v5e"]


@pytest.mark.parametrize("name", REQUIRED)
def test_catalogue_model_states_memory_power_price_and_speed(name: str) -> None:
    model = CATALOGUE[name]
    assert model.memory_mib >= 8 * 1024 and 0 < model.idle_watts < model.peak_watts and model.price_per_hour > 0 and model.speed > 0


def test_every_alias_leads_to_a_catalogue_model_whatever_its_case() -> None:
    assert {resolve_model(alias.lower()) for alias in ALIASES} <= set(CATALOGUE)
    assert resolve_model("V100") == "V100-16" and accelerator("A100").name == "A100-40"


def test_unknown_model_resolves_to_itself_and_is_refused_with_the_closest_first() -> None:
    assert resolve_model("G2") == "G2"
    with pytest.raises(UnknownNameError) as caught:
        accelerator("V10O")
    assert caught.value.known[0] == "V100"


@pytest.mark.parametrize(
    ("instances", "fits"),
    [
        (["3g.20gb", "3g.20gb"], True),
        (["4g.20gb", "4g.20gb"], False),
        (["4g.20gb", "3g.20gb"], True),
        (["1g.5gb"] * 7, True),
        (["1g.5gb"] * 8, False),
        (["7g.40gb", "1g.5gb"], False),
        (["2g.10gb"] * 3 + ["1g.10gb"], True),
        (["2g.10gb"] * 4, False),
        (["1g.10gb"] * 4, True),
        ([], True),
    ],
)
def test_a100_40_holds_what_its_published_geometry_allows(instances: list[str], fits: bool) -> None:
    geometry = accelerator("A100-40").mig
    assert geometry is not None and geometry.fits(instances) is fits


def test_a_1g_instance_at_start_0_leaves_no_start_for_4g() -> None:
    geometry = accelerator("A100-40").mig
    assert geometry is not None
    assert all(mask & geometry.profile("1g.5gb").masks[0] for mask in geometry.profile("4g.20gb").masks)


@pytest.mark.parametrize(
    ("model", "names"),
    [
        ("A100-40", "1g.5gb 1g.10gb 2g.10gb 3g.20gb 4g.20gb 7g.40gb"),
        ("A100-80", "1g.10gb 1g.20gb 2g.20gb 3g.40gb 4g.40gb 7g.80gb"),
        ("H100-80", "1g.10gb 1g.20gb 2g.20gb 3g.40gb 4g.40gb 7g.80gb"),
        ("H200", "1g.18gb 1g.35gb 2g.35gb 3g.71gb 4g.71gb 7g.141gb"),
    ],
)
def test_mig_models_carry_the_published_profile_names_and_the_same_shape(model: str, names: str) -> None:
    geometry = accelerator(model).mig
    assert geometry is not None and list(geometry.profiles) == names.split()
    shape = [(p.compute_slices, p.span, p.starts) for p in geometry.profiles.values()]
    everywhere = (0, 1, 2, 3, 4, 5, 6)
    assert shape == [(1, 1, everywhere), (1, 2, (0, 2, 4, 6)), (2, 2, (0, 2, 4)), (3, 4, (0, 4)), (4, 4, (0,)), (7, 8, (0,))]
    assert [p.milli for p in geometry.profiles.values()] == [142, 142, 285, 428, 571, 1000]
    assert [p.per_device for p in geometry.profiles.values()] == [7, 4, 3, 2, 1, 1]


@given(st.lists(st.sampled_from(["1g.5gb", "1g.10gb", "2g.10gb", "3g.20gb", "4g.20gb", "7g.40gb"]), max_size=5))
def test_fits_agrees_with_trying_every_combination_of_starts(names: list[str]) -> None:
    geometry = accelerator("A100-40").mig
    assert geometry is not None
    masks = [geometry.profile(name).masks for name in names]
    possible = any(sum(mask.bit_count() for mask in choice) == union(choice).bit_count() for choice in product(*masks))
    assert geometry.fits(names) is possible


def union(masks: tuple[int, ...]) -> int:
    total = 0
    for mask in masks:
        total |= mask
    return total


@pytest.mark.parametrize(
    ("fields", "where"),
    [
        ({"memory_mib": -1}, "memory_mib"),
        ({"idle_watts": 10, "peak_watts": 5}, "peak_watts"),
        ({"price_per_hour": float("nan")}, "price_per_hour"),
        ({"speed": 0}, "speed"),
        ({"memory": "12"}, "memory"),
        ({"memory": "12GiB", "memory_mib": 3}, "memory"),
        ({"memory_mb": 3}, "memory_mb"),
        ({"name": ""}, "name"),
    ],
)
def test_bad_custom_model_is_refused_at_its_field(fields: dict[str, object], where: str) -> None:
    with pytest.raises(SpecError) as caught:
        Accelerator(**({"name": "X"} | fields))
    assert caught.value.where == where


def test_geometry_refuses_instances_that_leave_the_device_and_unknown_profiles() -> None:
    with pytest.raises(SpecError, match="leaves the 8 positions"):
        MigProfile(name="4g", compute_slices=4, span=4, starts=(5,), memory_mib=1)
    with pytest.raises(SpecError, match="at least one profile"):
        MigGeometry(profiles={})
    geometry = accelerator("H200").mig
    assert geometry is not None and isinstance(hash(accelerator("H200")), int)
    with pytest.raises(UnknownNameError, match=r"did you mean '1g\.18gb'"):
        geometry.profile("1g.18")
