"""The note and the letters say one thing of each application: who is refused, who is on the reserve list."""

from __future__ import annotations

import re

import polars as pl
import pytest
from support.paths import ROOT
from support.typed import as_typed

from tnt_sim.cli.main import main
from tnt_sim.engine.solve import solve
from tnt_sim.engine.stored_run import StoredRun, run_of
from tnt_sim.i18n.message import Lang
from tnt_sim.i18n.numbers import format_integer
from tnt_sim.reporting.decision_page.note_sentences import build_sentences
from tnt_sim.reporting.decision_page.outcomes import Outcome, build_outcomes
from tnt_sim.reporting.decision_page.page import PageOptions, render_report_html
from tnt_sim.reporting.reports.decision_table import DECISION, build_decision_table
from tnt_sim.reporting.reports.letters import write_letters
from tnt_sim.scenario.load import load_scenario


@pytest.fixture(scope="module")
def reasons() -> StoredRun:
    """A decision with an application for each reason, among them the reserve list."""
    return run_of(solve(load_scenario(ROOT / "scenarios" / "motifs.yaml")))


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> StoredRun:
    """The decision of the demonstration, which has no reserve list."""
    folder = tmp_path_factory.mktemp("note") / "demo"
    assert main(["new", str(folder)]) == 0
    return run_of(solve(load_scenario(folder / "scenario.yaml")))


def count_letters(run: StoredRun, decision: str) -> int:
    return int((build_decision_table(run)[DECISION] == decision).sum())


@pytest.mark.parametrize("lang", Lang)
def test_the_note_counts_the_letters(
    reasons: StoredRun, stored: StoredRun, demo: StoredRun, lang: Lang
) -> None:
    for run in (reasons, stored, demo):
        outcomes = build_outcomes(run)
        assert outcomes.n_refusals == count_letters(run, "refused") > 0
        assert outcomes.n_reserve == count_letters(run, "waiting")
        counts = outcomes.rows[0].counts
        n_unfunded = counts[Outcome.NOT_SELECTED] + counts[Outcome.EXCLUDED]
        assert n_unfunded == outcomes.n_refusals + outcomes.n_reserve + count_letters(run, "closed")
        said = build_sentences(run, outcomes, None)
        others = as_typed(said.others.in_(lang))
        decisions = as_typed(" ".join(text.in_(lang) for text in said.decisions))
        assert f"{format_integer(counts[Outcome.NOT_SELECTED], lang)} " in others
        reserve = "liste de réserve" if lang is Lang.FR else "reserve list"
        assert (reserve in others) == (outcomes.n_reserve > 0) == (reserve in decisions)
        if not outcomes.n_reserve:
            refusals = f"{outcomes.n_refusals} {'refus' if lang is Lang.FR else 'refusals'}"
            assert refusals in decisions


def test_nobody_waits_where_no_list_is_kept(demo: StoredRun) -> None:
    page = render_report_html(demo, PageOptions(Lang.FR))
    words = re.sub(r"<(style|script)\b.*?</\1>", " ", page, flags=re.DOTALL)
    assert "en attente" not in words
    assert 'value="reserve"' not in words
    sentences = write_letters(demo, build_decision_table(demo), Lang.FR).sentence
    assert not sentences.str.contains("liste de réserve").any()


def test_the_reserve_list_can_be_shown_alone(stored: StoredRun) -> None:
    assert 'value="reserve"' in render_report_html(stored, PageOptions(Lang.FR))


def test_a_grant_that_a_minimum_asks_for_claims_no_merit(reasons: StoredRun) -> None:
    """F-1 is worth less per euro than F-2, which is refused: only the minimum of one EPCI keeps it in."""
    table = build_decision_table(reasons)
    rows = {
        row["dossier"]: row for row in table.select("dossier", "funded", "reason_code", "score").to_dicts()
    }
    assert (rows["F-1"]["funded"], rows["F-1"]["reason_code"], rows["F-2"]["funded"]) == (
        True,
        "merit",
        False,
    )
    for lang, words in ((Lang.FR, "contribution"), (Lang.EN, "contribution")):
        motives = dict(zip(table["dossier"], write_letters(reasons, table, lang).motive, strict=True))
        assert words not in motives["F-1"]
        merit = table.filter(pl.col("reason_code") == "merit")["dossier"].to_list()
        assert len({motives[name] for name in merit}) == 1


def test_an_unproven_list_is_not_called_the_best(reasons: StoredRun, monkeypatch: pytest.MonkeyPatch) -> None:
    table = build_decision_table(reasons)
    best = set(write_letters(reasons, table, Lang.EN).motive)
    monkeypatch.setattr(StoredRun, "publishable", False)
    assert any("best" in text for text in best - set(write_letters(reasons, table, Lang.EN).motive))
    assert not any("best under its rules" in text for text in write_letters(reasons, table, Lang.EN).motive)
