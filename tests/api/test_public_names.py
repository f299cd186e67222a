"""What `import tnt_sim` offers, and what it costs."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

import tnt_sim as tnt
from tnt_sim.cli import project_templates as templates


@pytest.fixture
def file(tmp_path: Path) -> Path:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "dossiers.csv").write_text(templates.build_dossiers_csv(), encoding="utf-8")
    path = tmp_path / "scenario.yaml"
    path.write_text(templates.FRENCH.scenario, encoding="utf-8")
    return path


def test_every_public_name_is_there() -> None:
    for name in tnt.__all__:
        assert getattr(tnt, name) is not None
    with pytest.raises(AttributeError):
        _ = tnt.nothing_of_the_kind
    assert set(tnt.__all__) <= set(dir(tnt))


def test_importing_is_light() -> None:
    code = "import sys, tnt_sim; sys.exit(len({'polars', 'numpy', 'pydantic', 'typer'} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_from_yaml_with_validate_solve(file: Path) -> None:
    scenario = tnt.Scenario.from_yaml(file)
    assert scenario.validate()["n_eligible"] == 22
    richer = scenario.with_({"programme.amount": "2 M€", "rules.part-communes.off": True})
    assert scenario.spec.programme.amount == 120_000_000
    assert richer.spec.programme.amount == 200_000_000
    again = richer.with_({"programme.amount": "3 M€"})
    assert again.spec.programme.amount == 300_000_000
    assert again.spec.rules[0].off
    result = scenario.solve()
    assert result.summary()["n_funded"] == 17
    assert result.to_dataframe().height == 24


def test_values_of_python(file: Path) -> None:
    scenario = tnt.Scenario.from_yaml(file)
    changed = scenario.with_({"title": "[entre crochets]", "eligibility": None})
    assert changed.title == "[entre crochets]"
    assert changed.spec.eligibility == ()
    listed = scenario.with_({"objective": [{"maximise": {"dossiers": 1}}]})
    assert listed.spec.objective[0].maximise == {"dossiers": "1"}
