"""Limits at larger totals contain what a full search finds, on drawn trees with fences, reserves and ties."""

from __future__ import annotations

import json
import tempfile
from collections import Counter
from fractions import Fraction
from pathlib import Path

import pytest
from support.analysis_cases import nested_envelopes as brute
from support.lanes import first_of

import tnt_sim as tnt
from tnt_sim.analysis.extend import search
from tnt_sim.analysis.extend.document import ExtendDocument, build_document
from tnt_sim.analysis.extend.result import NESTED, ExtendResult
from tnt_sim.analysis.extend.search import extend_of
from tnt_sim.analysis.extend.total_limits import TotalLimits
from tnt_sim.deadline import Deadline
from tnt_sim.engine.budgets import Clock
from tnt_sim.errors import InputError, NothingDecided
from tnt_sim.i18n.message import Lang
from tnt_sim.scenario.load import load_scenario
from tnt_sim.studies.extend.answer import describe_totals

TEXT = """schema_version: 1
id: s
date: 2026-01-01
programme: {id: p, amount: 1000.50 €}
dossiers: [{file: d.csv}]
objective: [{maximise: {score: 1}}]
rules: [{id: f, kind: limit, measure: granted, where: {kind: x}, min: 200 €}]
"""


def write(folder: Path, text: str = TEXT) -> Path:
    rows = [f"D{k},{'xy'[k % 2]},{200 + 37 * k}.{k}1,{900 + k},{8 + 3 * k % 7}" for k in range(8)]
    (folder / "d.csv").write_text("\n".join(["dossier,kind,requested,cost,score", *rows]) + "\n")
    (folder / "s.yaml").write_text(text, encoding="utf-8")
    return folder / "s.yaml"


def check_limits(result: ExtendResult, told: Counter[str]) -> None:
    """Check the limits of every list that the search found."""
    limits = TotalLimits(result.base, result.path)
    for (curve, total, moved), found in result.standings.items():
        within = limits.compute(found.problem, total, moved=moved, nested=curve == NESTED)
        if found.allocation is None:
            continue
        assert found.point.settled
        value = found.point.values[0]
        assert within.low is None or within.low <= value, (curve, total, moved)
        assert within.high is None or value <= within.high, (curve, total, moved)
        told["both"] += within.low is not None and within.high is not None
        told["tight"] += within.low == within.high
        told["moved"] += moved and within.high is not None


@pytest.mark.drawn
def test_limits_contain_the_optimum() -> None:
    told: Counter[str] = Counter()
    for seed in first_of(range(15), 3):
        case = brute.drawn(seed)
        if case["root"]["amount"] is None:
            continue
        with tempfile.TemporaryDirectory() as folder:
            try:
                scenario = brute.load(case, Path(folder))
                written = scenario.spec.programme.amount or 0
                result = extend_of(scenario, [brute.euros(written + case["unit"] * k) for k in (3, 9)])
            except (InputError, NothingDecided):
                continue
            check_limits(result, told)
    assert told["both"]
    assert told["moved"]


@pytest.mark.parametrize("goal", ["{maximise: {score: 1}}", "{minimise: {granted: 1}}"])
def test_limits_of_one_envelope_with_a_floor(tmp_path: Path, goal: str) -> None:
    told: Counter[str] = Counter()
    place = write(tmp_path, TEXT.replace("{maximise: {score: 1}}", goal))
    check_limits(extend_of(load_scenario(place), ["1100 €", "1300 €", "9999 €"]), told)
    assert told["both"]


def test_limits_meet_where_everything_is_funded(tmp_path: Path) -> None:
    told: Counter[str] = Counter()
    place = write(tmp_path, TEXT.replace("1000.50", "9000.50"))
    check_limits(extend_of(load_scenario(place), ["9500 €"]), told)
    assert told["tight"]


def ask(place: Path, monkeypatch: pytest.MonkeyPatch, found: int) -> ExtendDocument:
    """Ask under a limit whose time ends after so many lists."""
    settle = search._ExtensionSearch.settle

    def settle_some(work: search._ExtensionSearch, *key: object) -> None:
        if len(work.result.standings) >= found:
            work.result.course.deadline = Deadline(0)
            return
        settle(work, *key)  # type: ignore[arg-type]

    monkeypatch.setattr(search._ExtensionSearch, "settle", settle_some)
    return build_document(extend_of(load_scenario(place), ["1100 €", "1300 €"], clock=Clock(1000.0)), Lang.EN)


def test_lists_that_time_leaves_out_have_limits(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    place = write(tmp_path)
    whole = tnt.extend(load_scenario(place), "1100 €", "1300 €").document
    document = ask(place, monkeypatch, 2)
    assert document.stopped_by == "time"
    for total, full in zip(document.free.totals, whole["free"]["totals"], strict=True):
        for entry in (total.alone, total.with_transfers):
            assert entry is not None
            assert entry.limits is not None
            assert (entry.status, entry.proof, entry.objective) == ("stopped", None, ())
            assert entry.limits.low is not None
            assert entry.limits.high is not None
            best = Fraction(full["alone"]["objective"][0]["value"])
            assert Fraction(entry.limits.low) <= best <= Fraction(entry.limits.high)
    text = " ".join(describe_totals(document, document.free, Lang.EN))
    assert (
        "Extend to €1.1k without transfers: no list was found in time; the best value of score is between"
        in text
    )
    assert json.loads(json.dumps(whole))["free"]["totals"][0]["alone"]["limits"] is None
