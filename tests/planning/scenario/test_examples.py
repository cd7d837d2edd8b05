"""The worked scenarios: each is opened, checked and run once, with its alternatives; and the command that writes and checks them."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import pytest
import yaml
from typer.testing import CliRunner

from mlplat.cli import app
from mlplat.planning.scenario import run_once
from mlplat.planning.scenario.checking import faults_of
from mlplat.planning.scenario.scenario import Scenario
from mlplat.planning.scenario.templates import TEMPLATES, template_text

FOLDER = Path(__file__).parents[3] / "examples" / "scenarios"


@pytest.mark.parametrize("name", TEMPLATES)
def test_a_worked_scenario_has_no_faults_and_runs_with_its_alternatives(name: str) -> None:
    path = FOLDER / f"{name}.yaml"
    assert path.read_text() == template_text(name) and path.read_text().startswith(f"# {TEMPLATES[name]}\n")
    assert faults_of(path) == []
    scenario = Scenario.open(path)
    assert scenario.name == name and scenario.description and scenario.objectives
    jsonschema.validate(yaml.safe_load(path.read_text()), Scenario.json_schema())
    for changed in [scenario, *(scenario.with_fields(fields) for fields in scenario.alternatives.values())]:
        figures = run_once(changed)
        for objective in changed.objectives.values():
            assert figures[objective.measure] is not None


def test_every_worked_scenario_is_a_template() -> None:
    assert sorted(path.stem for path in FOLDER.glob("*.yaml")) == sorted(TEMPLATES)


def test_the_schema_describes_every_field() -> None:
    schema = Scenario.json_schema()
    jsonschema.Draft202012Validator.check_schema(schema)
    for name, described in schema["properties"].items():
        assert described.get("description"), name
    for part in ("Synthetic", "Policies", "Workload", "ServingLoad", "Costs", "Search"):
        for name, described in schema["$defs"][part]["properties"].items():
            assert described.get("description"), f"{part}.{name}"
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({"cluster": "2x8xV100", "polices": {}}, schema)


def test_scenario_new_check_and_schema(tmp_path: Path) -> None:
    run = CliRunner().invoke
    listed = run(app, ["scenario", "new"])
    assert listed.exit_code == 0 and all(name in listed.stdout for name in TEMPLATES)
    path = tmp_path / "s.yaml"
    assert run(app, ["scenario", "new", "buy-next-years-gpus", str(path)]).exit_code == 0
    assert path.read_text() == template_text("buy-next-years-gpus")
    checked = run(app, ["scenario", "check", str(path), "--json"])
    assert checked.exit_code == 0 and json.loads(checked.stdout)["digest"] == Scenario.open(path).digest
    path.write_text(path.read_text().replace("queue: easy", "queue: esay"))
    bad = run(app, ["scenario", "check", str(path), "--json"])
    assert bad.exit_code == 2 and json.loads(bad.stdout)["faults"][0]["where"] == "policies.queue"
    assert json.loads(run(app, ["scenario", "schema"]).stdout) == Scenario.json_schema()


def test_scenario_new_replaces_no_file_and_knows_its_templates(tmp_path: Path) -> None:
    path = tmp_path / "s.yaml"
    path.write_text("mine")
    for arguments in (["spot-or-reserved", str(path)], ["spot", str(tmp_path / "t.yaml")], ["spot-or-reserved", str(tmp_path / "t.txt")]):
        result = CliRunner().invoke(app, ["scenario", "new", *arguments])
        assert result.exit_code == 1 and result.exception is not None and "Traceback" not in str(result.exception)
    assert path.read_text() == "mine"
