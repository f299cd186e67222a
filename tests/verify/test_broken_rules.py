"""A run told from an allocation that breaks a rule, every figure and hash made to fit: each rule is named.

The changes are by hand on the answers of `small_runs`; the forger tells the run by the product's own
functions.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import get_args

import numpy as np
import pytest
from support.lanes import seeds
from support.run_folders.disabled_checks import KINDS, WITHOUT
from support.run_folders.small_runs import Change, changed, forged, solved

from tnt_sim.engine.result import Proof, ResultData
from tnt_sim.engine.run_folder.replay import verify_run
from tnt_sim.engine.run_folder.writer import write_run
from tnt_sim.i18n.message import Lang
from tnt_sim.rules.protocols import Mode
from tnt_sim.scenario.spec import AnyRule
from tnt_sim.verify.allocation_reading import Allocation

# what an allocation becomes, and the codes that must stand in the refusal
BROKEN: list[tuple[str, Change, set[str]]] = [
    ("links", {"D-16": None}, {"committed"}),
    ("links", {"D-16": 12346}, {"committed"}),
    ("links", {"D-9": None}, {"decide:fund"}),
    ("links", {"D-10": 10000}, {"eligibility"}),
    ("links", {"D-14": 10000}, {"eligibility"}),
    ("links", {"D-17": 14000}, {"prerequisite"}),
    ("links", {"D-2": 40050}, {"variant"}),
    ("links", {"D-6": None, "D-7": None}, {"rule:avec"}),
    ("links", {"D-11": None}, {"rule:file"}),
    ("links", {"D-6": None}, {"rule:lot"}),
    ("links", {"D-3": 30000}, {"rule:ou"}),
    ("links", {"D-8": None}, {"rule:rang"}),
    ("links", {"D-12": 50000}, {"envelope:c"}),
    ("links", {"D-2": 40050, "D-12": 50000}, {"envelope:tout"}),
    ("links", {"D-1": 50001}, {"grant:amount"}),
    ("links", {"D-1": 49999}, {"grant:amount"}),
    ("money", {"2": 60040, "3": None}, {"cap:rond", "cap:etat"}),
    ("money", {"11": 200000}, {"cap:etat", "eligibility"}),
    ("money", {"1": None}, {"rule:dep"}),
    ("money", {"6": None}, {"rule:part"}),
    ("money", {"2": 60040}, {"rule:trois"}),
    ("money", {"12": 90000, "14": None}, {"rule:levier"}),
    ("money", {"7": 40000, "8": 44000}, {"rule:tranche"}),
    ("money", {"7": 40000}, {"grant:common_rate"}),
    ("money", {"3": 18500}, {"grant:amount"}),
    ("money", {"5": 25000}, {"grant:amount"}),
    ("money", {"9": 22001}, {"grant:amount"}),
    ("money", {"1": -90000}, {"grant:amount", "grant:negative"}),
    ("maps", {"1": None}, {"rule:equite"}),
    ("maps", {"1": None, "2": None}, {"rule:zones"}),
    ("maps", {"3": 45000}, {"envelope:p"}),
    ("maps", {"2": None, "6": 25000}, {"rule:somme"}),
    ("years", {"10": 10000}, {"envelope:d"}),
    ("years", {"1": None, "2": None, "3": None}, {"envelope:n"}),
    ("years", {"5": 80000, "6": None}, {"envelope:p", "rule:an"}),
    ("years", {"1": None, "2": None, "5": 80000}, {"envelope:s"}),
]  # fmt: skip


@cache
def _solved(name: str, folder: Path) -> ResultData:
    return solved(name, folder / name)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("forged")


def refused(result: ResultData, out: Path) -> set[str]:
    report = verify_run(write_run(result, out))
    assert not report.ok
    for defect in report.defects:
        assert defect.text.fr != defect.text.en
        assert defect.line(Lang.EN)
    return {defect.code for defect in report.defects}


@pytest.mark.parametrize(("name", "change", "codes"), BROKEN, ids=[f"{n}-{c}" for n, c, _ in BROKEN])
def test_each_rule_is_named(folder: Path, tmp_path: Path, name: str, change: Change, codes: set[str]) -> None:
    result = _solved(name, folder)
    found = refused(forged(result, changed(result, change)), folder / name / "runs")
    assert codes <= found
    told = {code for code in found if code.partition(":")[0] in ("summary", "file", "allocation.csv")}
    assert told == set(), "the forger's figures fit"


def test_every_rule_of_the_small_runs_is_broken_by_a_change(folder: Path) -> None:
    named = set().union(*(codes for _, _, codes in BROKEN))
    for name in ("links", "money", "maps", "years"):
        for rule in _solved(name, folder).problem.rules:
            assert rule.mode is not Mode.HARD or f"rule:{rule.id}" in named


SEEN_BY = {
    "envelope limits": "envelope:n", "grant amounts": "grant:amount", "common rates": "grant:common_rate",
    "caps": "cap:rond", "envelopes": "envelope:c", "awards": "committed", "table columns": "prerequisite",
}  # fmt: skip


CHECKS = [name for name in WITHOUT if name not in ("proofs", "one dossier more")]


@pytest.mark.parametrize("check", seeds(CHECKS, 6))
def test_without_its_check_a_broken_rule_passes(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, check: str
) -> None:
    """Each check taken out in turn: what it alone sees is no longer named, so that the tests above would fail."""
    codes = {SEEN_BY.get(check, "")}
    for name in ("links", "money", "maps", "years"):
        codes |= {f"rule:{r.id}" for r in _solved(name, folder).problem.rules if type(r).__name__ == check}
    name, change, due = next(case for case in BROKEN if case[2] & codes)
    result = _solved(name, folder)
    run = write_run(forged(result, changed(result, change)), folder / name / "runs")
    assert due & codes <= {defect.code for defect in verify_run(run).defects}
    WITHOUT[check](monkeypatch.setattr)
    run = write_run(forged(result, changed(result, change)), folder / name / "runs")
    assert not codes & {defect.code for defect in verify_run(run).defects}


def test_every_kind_of_rule_has_its_check_taken_out() -> None:
    kinds = {get_args(one.model_fields["kind"].annotation)[0] for one in get_args(get_args(AnyRule)[0])}
    assert kinds == {*KINDS, "decide"}


def test_money_without_being_funded(folder: Path) -> None:
    result = _solved("links", folder)
    assert result.allocation is not None
    granted = result.allocation.granted_cents.copy()
    row = result.problem.case.table["dossier"].to_list().index("D-14")
    granted[row] = 100
    allocation = Allocation(result.allocation.funded, np.asarray(granted))
    assert "grant:unfunded" in refused(forged(result, allocation), folder / "links" / "runs")


def test_a_worse_allocation_is_not_proved(folder: Path) -> None:
    """Nothing is broken, all fits, and the certificate of the best one does not show the worse one to be best."""
    result = _solved("maps", folder)
    worse = changed(result, {"5": None})
    assert refused(forged(result, worse), folder / "maps" / "runs") == {"proof", "optimal"}


def test_a_worse_allocation_said_to_be_cross_checked(folder: Path) -> None:
    """No proof is claimed, but one dossier more would have been better."""
    result = _solved("maps", folder)
    change = changed(result, {"5": None})
    agreed = {**result.certificate, "cross_check": {"verdict": "agrees"}}
    worse = forged(result, change, proof=Proof.CROSS_CHECKED, certificate=agreed)
    assert refused(worse, folder / "maps" / "runs") == {"optimal"}
    alone = forged(result, change, proof=Proof.CROSS_CHECKED)
    assert refused(alone, folder / "maps" / "runs") == {"optimal", "proof"}


def test_the_honest_run_is_accepted(folder: Path) -> None:
    result = _solved("maps", folder)
    assert result.allocation is not None
    assert verify_run(write_run(forged(result, result.allocation), folder / "maps" / "runs")).ok


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (
            {"1": None, "2": None, "3": None},
            "l'enveloppe « n » ne respecte pas `min_use` : 0\xa0€ pour 150\xa0€.",
        ),
        ({"1": None, "2": None, "5": 80000}, "l'enveloppe « s » ne respecte pas `max_dossiers` : 3 pour 2."),
        ({"10": 10000}, "l'enveloppe « d » est dépassée de 50\xa0€."),
    ],
)
def test_envelopes_in_words(folder: Path, change: Change, said: str) -> None:
    result = _solved("years", folder)
    run = write_run(forged(result, changed(result, change)), folder / "years" / "runs")
    assert said in [defect.text.fr for defect in verify_run(run).defects]
