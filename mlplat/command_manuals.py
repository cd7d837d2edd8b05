"""The end of every command's `--help`: an example, and what the exit status says."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import NamedTuple

import typer

BAD_INPUT = "2 bad input, told in one line on standard error"


class Manual(NamedTuple):
    """`example`: a command line as one would type it. `one`: what exit status 1 says, empty where it does not occur."""

    example: str
    one: str = ""

    def text(self) -> str:
        """The paragraphs, as typer takes them.

        >>> print(Manual("mlplat demo", "the loop was not closed").text())
        Example: mlplat demo
        <BLANKLINE>
        Exit status: 0 done; 1 the loop was not closed; 2 bad input, told in one line on standard error.
        """
        statuses = ["0 done", *([f"1 {self.one}"] if self.one else []), BAD_INPUT]
        return f"Example: {self.example}\n\nExit status: {'; '.join(statuses)}."


MANUALS: Mapping[str, Manual] = MappingProxyType(
    {
        "capsule export": Manual("mlplat capsule export shop/churn@1 churn.capsule --store platform/"),
        "capsule import": Manual("mlplat capsule import churn.capsule --store platform/ --project shop"),
        "capsule inspect": Manual("mlplat capsule inspect churn.capsule --json"),
        "compare": Manual("mlplat compare --jobs philly.csv --cluster 96x8xV100 --policies fifo/best-fit,easy/fgd --resample 1d"),
        "course grade": Manual("mlplat course grade lesson.ipynb --seed 7 --json", "an answer is wrong or missing"),
        "course handout": Manual("mlplat course handout lesson-with-solutions.ipynb -o lesson.ipynb"),
        "course list": Manual("mlplat course list"),
        "demo": Manual("mlplat demo --seed 3", "the platform did not come to the end of the story by itself"),
        "export": Manual("mlplat export run/ --format perfetto -o run.json.gz"),
        "fleet": Manual(
            "mlplat fleet --rate 200 --service 80ms --p99 300ms --most 64", "no number of replicas up to --most keeps the latency"
        ),
        "lineage": Manual("mlplat lineage shop/churn@champion --store platform/ --as mermaid", "something of the lineage is missing"),
        "network": Manual("mlplat network cluster.yaml --svg network.svg"),
        "plan": Manual("mlplat plan scenario.yaml --sensitivity", "no cluster that may be bought meets the objectives"),
        "replay": Manual("mlplat replay --jobs philly.csv --cluster 96x8xV100 --queue easy --placement fgd --out run/"),
        "report": Manual("mlplat report run/ -o report.html --objectives p95_wait=10m", "an objective of the run is missed"),
        "scenario check": Manual("mlplat scenario check scenario.yaml"),
        "scenario new": Manual("mlplat scenario new buy-next-years-gpus scenario.yaml"),
        "scenario schema": Manual("mlplat scenario schema > scenario.schema.json"),
        "store check": Manual("mlplat store check platform/", "something that was kept is missing or damaged"),
        "sweep run": Manual(
            "mlplat sweep run scenario.yaml --vary policies.queue=fifo,easy --vary cluster.groups.pool.count=8:16 --folder sweep/",
            "a run failed or is missing",
        ),
        "sweep show": Manual("mlplat sweep show sweep/", "a run failed or is missing"),
        "traces describe": Manual("mlplat traces describe philly.csv --format philly"),
        "traces fetch": Manual("mlplat traces fetch openb --folder traces/"),
        "traces fit": Manual("mlplat traces fit philly.csv -o model.json --held-out"),
        "traces generate": Manual("mlplat traces generate model.json -o jobs.parquet --days 30 --load 1.5"),
        "traces list": Manual("mlplat traces list --json"),
        "watch": Manual("mlplat watch scenario.yaml --speed 3600 --page", "the demonstration did not come to the end of its story"),
    }
)
"""By the words after `mlplat`. A command that is added to the command line needs an entry."""


def add_manuals(app: typer.Typer) -> None:
    """Put the manuals under the commands of the command line."""
    for words, command in _commands(app, ()):
        if (manual := MANUALS.get(words)) is not None:
            command.epilog = manual.text()


def _commands(app: typer.Typer, above: tuple[str, ...]) -> Iterator[tuple[str, typer.models.CommandInfo]]:
    for command in app.registered_commands:
        if command.callback is not None:
            yield " ".join([*above, command.name or command.callback.__name__.replace("_", "-")]), command
    for group in app.registered_groups:
        if group.typer_instance is not None:
            yield from _commands(group.typer_instance, (*above, group.name or str(group.typer_instance.info.name)))
