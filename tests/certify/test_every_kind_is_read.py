"""Every kind of rule that writes rows has a second reading, and what has none is said in the proof section."""

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
from tnt_sim.i18n.message import Lang
from tnt_sim.reporting.text.verification import describe_unread
from tnt_sim.rules.envelopes.tree_rows import EnvelopeRows

DATA = TESTS / "support" / "data" / "projects"
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


def test_every_kind_of_rule_has_a_second_reading() -> None:
    every = writers()
    assert len(every) > 12
    assert every - set(READERS) == STAND_FOR


PRICED = "rules=[{id: paire, kind: exclusive, dossiers: [E-01, E-02], penalty: {cost: 1, stage: 1}}]"


@pytest.mark.parametrize(("name", "sets", "n"), [("demo", [PRICED], 1), ("demo", [], 0), ("steps", [], 0)])
@pytest.mark.parametrize("lang", seeds(["fr", "en"], 1))
def test_the_proof_section_alone_says_what_nothing_reads_twice(
    name: str, sets: list[str], n: int, lang: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """`verify` and the proof section of a report count the rows without a second reading; `run` does not."""
    shutil.copytree(DATA / name, tmp_path / name)
    changed = [word for text in sets for word in ("--set", text)]
    assert main(["run", str(tmp_path / name / "scenario.yaml"), *changed, "--lang", lang]) == 0
    page = " ".join(capsys.readouterr().out.split())
    (run,) = (tmp_path / name / "runs").glob("*-*")
    unread = describe_unread(verify_run(run).record)
    assert (unread is not None) is bool(n)
    assert main(["report", str(run), "--no-explain", "--out", str(tmp_path / "r.html"), "--lang", lang]) == 0
    report = " ".join(re.sub("&#39;", "'", (tmp_path / "r.html").read_text(encoding="utf-8")).split())
    capsys.readouterr()
    assert main(["verify", str(run), "--lang", lang]) == 0
    verified = " ".join(capsys.readouterr().out.split())
    assert ("Prouvé par un certificat exact." if lang == "fr" else "Proven by an exact certificate.") in page
    independent = "code indépendant" if lang == "fr" else "independent code"
    assert independent not in page
    assert (report.count(independent), verified.count(independent)) == (n, n)
    if unread is not None:
        assert unread.in_(Lang(lang)) in verified
