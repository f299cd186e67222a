"""An export format of another package is written like those of this one, and is refused by name if it cannot."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from support.example_package import check_refusal, run_python, write_example
from support.tiny_scenario import tiny

from tnt_sim.reporting.export import formats


def test_a_decision_is_exported_with_it(tmp_path: Path) -> None:
    write_example(tmp_path)
    tiny(tmp_path)
    run = run_python(tmp_path, ["-m", "tnt_sim", "run", "tiny.yaml", "--json"])
    folder = json.loads(run.stdout)["run_dir"]
    words = ["-m", "tnt_sim", "export", folder, "--format", "markdown", "--lang", "en", "--out"]
    assert run_python(tmp_path, [*words, "list.md"]).returncode == 0
    lines = (tmp_path / "list.md").read_text(encoding="utf-8").splitlines()
    assert lines[0] == "# tiny"
    assert "| application | applicant | granted (€) |" in lines
    awards = [line.split(" | ")[0] + " " + line.split(" | ")[-1] for line in lines if line[2:3].isdigit()]
    assert awards == ["| 1 600.00 |", "| 4 400.00 |"]
    assert run_python(tmp_path, [*words, "list.csv"]).returncode == 2
    unknown = run_python(tmp_path, ["-m", "tnt_sim", "export", folder, "--format", "markdwn", "--lang", "en"])
    assert unknown.returncode == 2
    assert "markdown" in unknown.stderr


BROKEN = """
from tnt_sim.i18n.message import Bilingual
from tnt_sim.reporting.export.formats import Format
def write(run, options): ...
MINE = Format(Bilingual("mien", "mine"), (".mine",), write)
BARE = Format(Bilingual("mien", "mine"), (), write)
"""


@pytest.mark.parametrize(
    ("name", "value", "why"),
    [
        ("scdl", "MINE", '"scdl" is a name of tnt_sim already'),
        ("markdown", "MINE", '"markdown" is a name of tnt-sim-example already'),
        ("mine", "BARE", "it needs suffixes, such as .csv"),
        ("mine", "write", '"broken_format:write" is no `Format` object'),
        ("mine", "MISSING", "its import fails (AttributeError"),
    ],
)
def test_a_package_that_cannot_be_used_is_refused_by_name(
    name: str, value: str, why: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    entry = formats.GROUP, name, f"broken_format:{value}"
    check_refusal(
        formats.load_formats.__wrapped__, entry, why, tmp_path, monkeypatch, {"broken_format": BROKEN}
    )
