"""Every reason has its sentence in the page on `explain`, in both languages, and occurs in a shipped scenario."""

from __future__ import annotations

import pytest
from support.paths import ROOT
from support.typed import as_typed

from tnt_sim.analysis.explain.explanation import ExplanationResult, explain
from tnt_sim.analysis.explain.sentences import (
    KINDS,
    SENTENCES,
    WHY_NOT,
    explain_dossier,
    get_sentence_key,
)
from tnt_sim.analysis.shared.decided_run import of_result
from tnt_sim.engine.solve import solve
from tnt_sim.i18n.message import Lang
from tnt_sim.reporting.text.vocabulary import REASON
from tnt_sim.scenario.load import load_scenario

CODES = {
    "committed", "decided", "merit", "rule", "state", "ineligible", "capped_out", "variant", "prerequisite",
    "order", "outranked", "none_fits", "crowded_out", "reserve", "not_given",
}  # fmt: skip


@pytest.fixture(scope="module")
def told() -> ExplanationResult:
    result = solve(load_scenario(ROOT / "scenarios" / "motifs.yaml"))
    return explain(of_result(result), everyone=True)


def test_each_reason_occurs_in_a_shipped_scenario(told: ExplanationResult) -> None:
    entries = told.data.dossiers
    assert {entry.reason_code for entry in entries} == CODES == set(REASON)
    # what is unclear is so where a run is stopped, or too large: tests/verify/test_zero_gain.py; what is barred
    # beside a lack of money stands in the demo: test_reserve_list.py; what nothing proves is in
    # test_verbs_without_proof.py
    elsewhere = {"listed", "unclear", "outranked_barred", "none_fits_barred"}
    assert {get_sentence_key(entry) for entry in entries} == set(SENTENCES) - elsewhere
    assert told.data.synthetic


def test_no_sentence_has_a_hole(told: ExplanationResult) -> None:
    for entry in told.data.dossiers:
        for lang in Lang:
            sentence = explain_dossier(entry).in_(lang)
            assert sentence.endswith("."), sentence
            assert not any(hole in sentence for hole in ("None", "«  »", '""', "()", "–", ": .")), sentence


@pytest.mark.parametrize("lang", Lang)
def test_the_page_of_each_language_holds_its_sentences(lang: Lang) -> None:
    page = as_typed((ROOT / f"docs/{lang.value}/howto/explain.md").read_text(encoding="utf-8"))
    other = {Lang.FR: Lang.EN, Lang.EN: Lang.FR}[lang]
    for key, text in (*SENTENCES.items(), *WHY_NOT.items(), *KINDS.items()):
        assert f"| `{key}` | {as_typed(text.in_(lang))} |" in page, key
        assert f"| {as_typed(text.in_(other))} |" not in page, key
