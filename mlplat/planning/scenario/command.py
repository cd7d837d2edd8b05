"""`mlplat scenario new|check|schema`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from ...command_options import Json, UnusedSeed, print_json
from ...completion import some_of
from ...errors import OptionError, UnknownNameError, printable, shown

app = typer.Typer(help="Write, check and describe scenarios of capacity planning.", no_args_is_help=True)


def _templates() -> list[str]:
    from .templates import TEMPLATES

    return list(TEMPLATES)


@app.command("new")
def new(
    template: Annotated[
        str | None, typer.Argument(help="A template's name; left out, the templates are listed.", autocompletion=some_of(_templates))
    ] = None,
    file: Annotated[
        Path | None, typer.Argument(help="The file to write, which must not be there yet; standard output if left out.")
    ] = None,
    seed: UnusedSeed = 0,
    as_json: Json = False,
) -> None:
    """Write a scenario from a template, to be changed by hand."""
    from .templates import TEMPLATES, template_text

    if template is None:
        if as_json:
            print_json({"templates": [{"name": name, "asks": asks} for name, asks in TEMPLATES.items()]})
        else:
            width = max(map(len, TEMPLATES))
            for name, asks in TEMPLATES.items():
                print(f"{name:<{width}}  {asks}")
        return
    if template not in TEMPLATES:
        raise UnknownNameError("template", printable(template[:60]), TEMPLATES)
    text = template_text(template)
    if file is None:
        if as_json:
            print_json({"template": template, "text": text})
        else:
            print(text, end="")
        return
    if file.suffix.lower() not in (".yaml", ".yml"):
        raise OptionError(f"{shown(file)}: expected a name that ends in .yaml or .yml")
    try:
        with file.open("x", encoding="utf-8", newline="\n") as stream:
            stream.write(text)
    except FileExistsError:
        raise OptionError(f"{shown(file)}: is there already and is not replaced") from None
    except (OSError, ValueError) as error:
        raise OptionError(f"{shown(file)}: cannot be written: {getattr(error, 'strerror', None) or error}") from None
    if as_json:
        print_json({"template": template, "path": str(file)})
    else:
        print(f"{shown(file)}: check it with 'mlplat scenario check {shown(file)}'")


@app.command("check")
def check(
    file: Annotated[Path, typer.Argument(help="The scenario: YAML or JSON.")],
    seed: UnusedSeed = 0,
    as_json: Json = False,
) -> None:
    """Read a scenario and all that it names: exit status 2 where something is wrong, with the first faults, one a line."""
    import sys

    from .checking import faults_of
    from .running import is_random
    from .scenario import Scenario
    from .view import rows

    faults = faults_of(file)
    if faults:
        if as_json:
            print_json({"ok": False, "faults": [_fault(error) for error in faults]})
        for error in faults:
            print(f"error: {error}", file=sys.stderr)
        raise typer.Exit(2)
    scenario = Scenario.open(file)
    if as_json:
        told = {"name": scenario.name, "digest": scenario.digest, "random": is_random(scenario), "replications": scenario.replications}
        print_json({"ok": True, "faults": []} | told)
        return
    print(f"{printable(scenario.name)}: nothing wrong")
    for name, value in rows(scenario):
        print(f"  {name:<12}{value}")


@app.command("schema")
def schema(
    file: Annotated[Path | None, typer.Argument(help="The file to write, which is replaced; standard output if left out.")] = None,
    seed: UnusedSeed = 0,
    as_json: Json = False,
) -> None:
    """Print the JSON Schema of scenarios, which editors complete and check by."""
    from ...hardware.spec_io import write_text
    from .scenario import Scenario

    text = json.dumps(Scenario.json_schema(), indent=None if as_json else 2, ensure_ascii=False)
    if file is None:
        print(text)
        return
    write_text(file, text + "\n")
    if as_json:
        print_json({"path": str(file)})
    else:
        print(f"{shown(file)}: name it in the first line of a scenario, '# yaml-language-server: $schema={shown(file)}'")


def _fault(error: Any) -> dict[str, Any]:
    place = getattr(error, "where", None) or None
    problem = getattr(error, "problem", str(error))
    return {"where": place, "problem": problem, "text": str(error)}
