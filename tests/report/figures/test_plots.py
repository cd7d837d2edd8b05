"""`.plot` of objects: what it lists, what it draws, and what it says without the plotting library."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from mlplat.errors import UnknownNameError
from mlplat.plotting import RUN_FIGURES
from mlplat.report import figures
from mlplat.runs.saved_run import SavedRun

from .cases import busy


def test_the_plots_of_a_run_are_listed_and_each_is_a_figure() -> None:
    run = busy()
    assert dir(run.plot) == sorted(RUN_FIGURES) and set(RUN_FIGURES) <= set(figures.__all__)
    for name in RUN_FIGURES:
        figure = getattr(run.plot, name)(*(("10m",) if name == "cluster_at" else ()))
        assert figure.layout.template.layout.paper_bgcolor == "#FFFFFF" and figure.layout.title.text
    assert run.plot().to_json() == run.plot.queue().to_json()


def test_a_saved_run_has_the_figures_and_the_table_of_the_run_it_was(tmp_path: Path) -> None:
    run = busy()
    run.save(tmp_path)
    saved = SavedRun.open(tmp_path)
    for name in RUN_FIGURES:
        arguments = ("10m",) if name == "cluster_at" else ()
        assert getattr(saved.plot, name)(*arguments).to_json() == getattr(run.plot, name)(*arguments).to_json(), name
    assert saved._repr_html_() == run._repr_html_()


def test_a_theme_changes_the_background_and_not_the_data() -> None:
    light, dark = busy().plot.queue(), busy().plot.queue(theme="dark")
    assert light.layout.template.layout.paper_bgcolor != dark.layout.template.layout.paper_bgcolor
    assert light.to_plotly_json()["data"][0]["line"] == dark.to_plotly_json()["data"][0]["line"]
    with pytest.raises(UnknownNameError, match="theme"):
        busy().plot(theme="pink")


def test_a_plot_that_is_not_there_is_named_with_those_that_are() -> None:
    with pytest.raises(AttributeError, match="Result has no plot 'wait'; it has queue, utilization, waits"):
        busy().plot.wait()
    assert not hasattr(busy().plot, "_repr_html_")


def test_without_plotly_a_plot_says_what_to_install() -> None:
    code = """
import sys
sys.modules["plotly"] = None
import mlplat as mp
spec = mp.ClusterSpec.parse("1x8xV100")
assert dir(spec.plot)
try:
    spec.plot()
except mp.MlplatError as error:
    print(error)
"""
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert "pip install 'mlplat[report]'" in told


@pytest.mark.filterwarnings("ignore")  # those of the kernel's own libraries
def test_a_notebook_shows_a_figure_as_plotly_and_an_object_as_a_table() -> None:
    nbclient = pytest.importorskip("nbclient", reason="nbclient is not installed: pip install 'mlplat[notebook]'")
    nbformat = pytest.importorskip("nbformat")
    pytest.importorskip("ipykernel")
    sources = ("import mlplat as mp; spec = mp.ClusterSpec.parse('2x8xV100'); spec.plot()", "spec")
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source) for source in sources])
    nbclient.NotebookClient(notebook, timeout=120, resources={"metadata": {"path": str(Path(__file__).parents[3])}}).execute()
    figure, table = (cell.outputs[0]["data"] for cell in notebook.cells)
    assert figure["application/vnd.plotly.v1+json"]["layout"]["title"]["text"].startswith("Racks of")
    assert "<table>" in table["text/html"] and "16 GPUs" in table["text/plain"]
