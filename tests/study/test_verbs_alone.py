"""Where no certificate is found and nothing confirms, no study calls its answer optimal, in JSON or in words."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from test_verbs_end import VERBS, House

import tnt_sim as tnt
from tnt_sim.errors import Lang
from tnt_sim.result import ALLOWED, Status
from tnt_sim.study.inversions import inversions_document
from tnt_sim.view.alternatives_page import verdict as alternatives_words
from tnt_sim.view.audit_page import verdict as audit_words
from tnt_sim.view.change_words import change_sentence
from tnt_sim.view.inversion_lines import price_lines


@pytest.fixture
def house(folder: Path) -> House:
    return House(folder)


@pytest.fixture
def unproven(house: House, monkeypatch: pytest.MonkeyPatch) -> House:
    """The same, from here on without any certificate of a question."""
    monkeypatch.setattr("tnt_sim.question.prove_stages", lambda *_, **__: [None])
    monkeypatch.setattr("tnt_sim.study.least.prove_stages", lambda *_, **__: [None])
    return house


def parts(told: Any) -> Iterator[Mapping[str, Any]]:
    """Each object of a document."""
    if isinstance(told, Mapping):
        yield told
        for value in told.values():
            yield from parts(value)
    elif isinstance(told, list | tuple):
        for value in told:
            yield from parts(value)


@pytest.mark.parametrize("verb", VERBS)
def test_no_pair_of_words_contradicts_itself(verb: str, unproven: House) -> None:
    document = VERBS[verb](unproven, 60.0)
    for part in parts(document):
        if part.get("status") == "optimal" and "proof" in part:
            assert part["proof"] in ALLOWED[Status.OPTIMAL], part


def test_the_best_of_other_lists_is_the_best_found(house: House, unproven: House) -> None:
    document = tnt.alternatives(house.scenario, count=4).document
    assert document["status"] == "feasible"
    said = alternatives_words(document)
    assert "du meilleur trouvé" in said.fr
    assert "the best found" in said.en


def test_other_lists_of_a_proven_optimum(house: House) -> None:
    document = tnt.alternatives(house.scenario, count=4).document
    assert document["status"] == "optimal"
    assert all(one["proven"] for one in document["portfolios"])
    assert "trouvé" not in alternatives_words(document).fr


def test_a_list_that_nothing_betters(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    chosen = house.folder / "best.csv"
    table = house.decided.problem.case.table
    names = table["dossier"].filter(house.decided.allocation.funded.tolist()).to_list()
    chosen.write_text("dossier\n" + "\n".join(names) + "\n", encoding="utf-8")
    shown = tnt.audit(house.scenario, chosen).document
    assert "aucun choix ne fait mieux" in audit_words(shown).fr
    monkeypatch.setattr("tnt_sim.question.prove_stages", lambda *_, **__: [None])
    alone = tnt.audit(house.scenario, chosen).document
    assert alone["status"] == "feasible"
    assert "rien ne prouve" in audit_words(alone).fr
    assert "nothing proves" in audit_words(alone).en


def test_the_price_of_no_inversion(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    def said() -> str:
        told = inversions_document(house.decided, rank="cost", best="low", seconds=60.0)
        (price,) = told["prices"]
        return "\n".join(line.plain for line in price_lines(price, told["goals"], Lang.EN, 200))

    assert "costs:" in said()
    monkeypatch.setattr("tnt_sim.question.prove_stages", lambda *_, **__: [None])
    assert "costs at most:" in said()


def test_a_change_says_that_one_solver_claims_it() -> None:
    change = {
        "kind": "rule",
        "of": "dep",
        "status": "exact",
        "unit": "money",
        "by": "5000",
        "proof": "PROVED",
    }
    assert "solv" not in change_sentence(change, Lang.FR) + change_sentence(change, Lang.EN)
    alone = change | {"proof": "FEASIBLE_GAP"}
    assert change_sentence(alone, Lang.FR).endswith("(selon un seul solveur, sans preuve).")
    assert change_sentence(alone, Lang.EN).endswith("(by one solver alone, without a proof).")
