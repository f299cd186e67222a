"""Every kind of rule that writes rows has a second reading, or is listed here and said beside each proof."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
import re
import shutil
from pathlib import Path

import pytest
from support.lanes import seeds
from support.paths import TESTS

import tnt_sim.rules
from tnt_sim.certify.rule_rows import READERS
from tnt_sim.cli.main import main
from tnt_sim.engine.run_folder.replay import verify_run
from tnt_sim.rules.envelopes.tree_rows import EnvelopeRows
from tnt_sim.rules.offers.levels import CommonRates

DATA = TESTS / "support" / "data" / "runs-0.1.0"
RESERVED = {CommonRates}
"""Kinds whose rows have no second reading: `verify`, the page of the run and the report count them as unread."""
STAND_FOR = {EnvelopeRows}
"""What writes the rows of a `Case`, which has a reader of its own."""


def writers() -> set[type]:
    """Every class of `rules/` whose `build_rows` writes into a builder; protocols are none."""
    found = set()
    for module in pkgutil.walk_packages(tnt_sim.rules.__path__, "tnt_sim.rules."):
        for _, one in inspect.getmembers(importlib.import_module(module.name), inspect.isclass):
            rows = one.__dict__.get("build_rows")
            if inspect.isfunction(rows) and "builder" in inspect.signature(rows).parameters:
                found.add(one)
    return {one for one in found if not getattr(one, "_is_protocol", False)}


def test_every_kind_of_rule_has_a_second_reading_or_its_reserve() -> None:
    every = writers()
    assert len(every) > 12
    assert every - set(READERS) == RESERVED | STAND_FOR
    assert not RESERVED & set(READERS)


@pytest.mark.parametrize(("name", "n"), [("demo", 1), ("steps", 1), ("motifs", 0)])
@pytest.mark.parametrize("lang", seeds(["fr", "en"], 1))
def test_run_and_report_say_the_same_reserve_as_verify(
    name: str, n: int, lang: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """« Proven by an exact certificate » never stands without the number of rows that nothing reads twice."""
    shutil.copytree(DATA / name, tmp_path / name, ignore=shutil.ignore_patterns("runs", "registre"))
    assert main(["run", str(tmp_path / name / "scenario.yaml"), "--lang", lang]) == 0
    page = " ".join(capsys.readouterr().out.split())
    (run,) = (tmp_path / name / "runs").iterdir()
    reserve = verify_run(run).rows.reserve
    assert (reserve is not None) is bool(n)
    assert main(["report", str(run), "--no-explain", "--out", str(tmp_path / "r.html"), "--lang", lang]) == 0
    report = " ".join(re.sub("&#39;", "'", (tmp_path / "r.html").read_text(encoding="utf-8")).split())
    proven = "Prouvé par un certificat exact." if lang == "fr" else "Proven by an exact certificate."
    assert proven in page
    assert proven in report
    if reserve is not None:
        said = reserve.fr if lang == "fr" else reserve.en
        assert f"{proven} {said}" in page
        few, every = re.findall(r"\d+", said)[:2]
        behind = "contraintes de la preuve" if lang == "fr" else "constraints behind the proof"
        of = "des" if lang == "fr" else "of the"
        assert f"{few} {of} {every} {behind}" in report.partition(proven)[2][:200]
