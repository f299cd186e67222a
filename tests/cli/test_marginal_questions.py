"""The verbs of marginal questions: what they print and refuse."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from python_calamine import CalamineWorkbook
from support.command_line import Run
from support.lanes import seeds

from tnt_sim.analysis.marginal import entry_lists
from tnt_sim.analysis.marginal import entry_thresholds as entry
from tnt_sim.analysis.marginal import extension_allocation as extension
from tnt_sim.analysis.marginal import rule_prices as prices

QUESTIONS = {
    "next": ("next", ("marginal-euro",), "Enveloppes : un euro de plus"),
    "entries": ("entries", ("entry-thresholds", "--to", "110 %"), "Sans perte"),
    "target": ("targets", ("target", "rules"), "toutes les règles respectées"),
    "prices": ("prices", ("rule-prices",), "Règles"),
    "extension": ("ways", ("extension-shares", "100 k€"), "au choix du modèle"),
}
"""By question: the list of its document, the command, a sentence of its page."""


def typed(words: tuple[str, ...], *more: str) -> tuple[str, ...]:
    """The command with the scenario of the demo."""
    return (words[0], "scenario.yaml", *words[1:], *more)


@pytest.mark.parametrize("question", QUESTIONS)
def test_a_page_and_one_document(tnt: Run, demo: Path, question: str) -> None:
    rows, words, said = QUESTIONS[question]
    assert demo.is_dir()
    page = tnt(*typed(words))
    assert (page.code, page.err) == (0, "")
    assert said in page.plain
    told = tnt(*typed(words, "--json")).document
    assert (told["command"], told["question"], told["points"]) == (words[0], question, [])
    assert told[rows]


def test_the_next_euro_holds_what_it_says(tnt: Run, demo: Path) -> None:
    """A cent less than the step raises nothing; the step raises what is told."""
    assert demo.is_dir()
    told = tnt("marginal-euro", "scenario.yaml", "--json").document
    root = told["next"][0]
    amount = next(
        e for e in tnt("run", "scenario.yaml", "--json").document["envelopes"] if e["parent"] is None
    )
    assert root["id"] == amount["id"]
    if root["step_cents"] is None:
        return

    def value(cents: int) -> str:
        text = f"programme.amount={cents // 100}.{cents % 100:02d} €"
        return tnt("run", "scenario.yaml", "--set", text, "--json").document["objective"][0]["value"]

    there = amount["amount_cents"] + root["step_cents"]
    assert value(there - 1) == told["base"]["objective"][0]["value"]
    assert float(value(there)) == pytest.approx(
        float(told["base"]["objective"][0]["value"]) + float(root["gain"])
    )


REFUSED = {
    ("extension-shares", "beaucoup"): "n'est pas un montant",
    ("extension-shares", "0 €"): "une extension est un montant positif",
    ("extension-shares",): "il manque MONTANT",
    ("extension-shares", "1 M€", "--key", "nulle-part=3"): "n'est pas un axe",
    ("extension-shares", "1 M€", "--key", "nulle-part"): "écrivez axe-1=30,axe-2=24",
    ("entry-thresholds", "--dossier", "inconnu"): "« inconnu » n'existe pas",
    ("entry-thresholds", "--from", "2 M€", "--to", "1 M€"): "--from doit être inférieur à --to",
    ("entry-thresholds", "--exact"): "l'option --exact n'existe pas ici",
    ("target",): "il manque CIBLE",
    ("target", "n'importe quoi"): "n'est pas une cible",
    ("target", "rule:inconnue"): "la règle « inconnue » n'existe pas",
    ("target", "all", "--envelope", "inconnue"): "l'enveloppe « inconnue » n'existe pas",
    ("marginal-euro", "--envelope", "inconnue"): "l'enveloppe « inconnue » n'existe pas",
    ("marginal-euro", "--rule", "inconnue"): "« inconnue » n'existe pas",
    ("marginal-euro", "--to", "2 M€"): "l'option --to n'existe pas ici",
    ("rule-prices", "--kind", "inconnue"): "« inconnue » n'existe pas",
}


@pytest.mark.parametrize("words", REFUSED, ids=" ".join)
def test_what_cannot_be_asked(tnt: Run, demo: Path, words: tuple[str, ...]) -> None:
    assert demo.is_dir()
    said = tnt(*typed(words))
    assert said.code == 2
    assert REFUSED[words] in said.err
    assert said.out == ""


def test_the_page_in_english(tnt: Run, demo: Path) -> None:
    assert demo.is_dir()
    said = tnt("target", "scenario.yaml", "rules", "--lang", "en")
    assert (said.code, said.err) == (0, "")
    assert "every rule satisfied" in said.out


def test_a_target_that_no_amount_reaches(tnt: Run, demo: Path) -> None:
    assert demo.is_dir()
    said = tnt("target", "scenario.yaml", "+10000")
    assert said.code == 4
    assert "tous les dossiers éligibles ensemble font" in said.out
    told = tnt("target", "scenario.yaml", "+10000", "+0", "--json")
    assert (told.code, told.document["status"]) == (0, "feasible")


def test_ctrl_c_keeps_what_was_answered(tnt: Run, demo: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert demo.is_dir()
    whole = tnt("rule-prices", "scenario.yaml", "--json").document["prices"]
    assert len(whole) > 1
    made, first = iter(range(9)), prices._compute_price

    def priced(*words: object) -> object:
        if next(made):
            raise KeyboardInterrupt
        return first(*words)

    monkeypatch.setattr(prices, "_compute_price", priced)
    said = tnt("rule-prices", "scenario.yaml", "--json")
    assert said.code == 130
    assert (said.document["status"], said.document["stopped_by"]) == ("stopped", "interrupt")
    assert said.document["prices"] == whole[:1]


def test_ctrl_c_keeps_the_ways_that_were_found(tnt: Run, demo: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert demo.is_dir()
    whole = tnt("extension-shares", "scenario.yaml", "100 k€", "--json").document["ways"]
    made, first = iter(range(9)), extension._optimise_option

    def way(*words: Any) -> Any:
        if next(made):
            raise KeyboardInterrupt
        return first(*words)

    monkeypatch.setattr(extension, "_optimise_option", way)
    said = tnt("extension-shares", "scenario.yaml", "100 k€", "--json")
    assert (said.code, said.document["stopped_by"]) == (130, "interrupt")
    assert said.document["ways"] == whole[:1]


@pytest.mark.parametrize("place", ["thresholds", "lists"])
def test_ctrl_c_keeps_the_entries_that_were_found(
    tnt: Run, demo: Path, monkeypatch: pytest.MonkeyPatch, place: str
) -> None:
    """Before the amounts are looked at every threshold is there; before the thresholds, what is funded today."""
    assert demo.is_dir()
    words = ("entry-thresholds", "scenario.yaml", "--to", "110 %", "--json")
    whole = tnt(*words).document["entries"]

    def stop(*_: Any, **__: Any) -> Any:
        raise KeyboardInterrupt

    monkeypatch.setattr(
        *((entry, "_solve_by_kernel", stop) if place == "thresholds" else (entry_lists, "run", stop))
    )
    monkeypatch.setattr("tnt_sim.analysis.sweep.runner.compute_exact_steps", lambda *_: None)
    said = tnt(*words)
    assert (said.code, said.document["stopped_by"]) == (130, "interrupt")
    kept = said.document["entries"]
    assert [one["dossier"] for one in kept] == [one["dossier"] for one in whole]
    for one, other in zip(kept, whole, strict=True):
        known = place == "lists" or other["funded"]
        assert one["no_loss_cents"] == (other["no_loss_cents"] if known else None)


@pytest.mark.parametrize("lang", seeds(["fr", "en"], 1))
@pytest.mark.parametrize("question", QUESTIONS)
def test_the_page_and_the_workbook_of_a_question(tnt: Run, demo: Path, question: str, lang: str) -> None:
    words = QUESTIONS[question][1]
    done = tnt(*typed(words), "--out", "q.html", "--lang", lang, "--quiet")
    assert done.code in (0, 4), done.err
    page = (demo / "q.html").read_text(encoding="utf-8")
    assert f'<html lang="{lang}">' in page
    assert "<table" in page
    assert "http" not in page.replace("http-equiv", "").replace("http://www.w3.org", "")
    again = tnt(*typed(words), "--out", "q.html")
    assert again.code == 2
    assert "--force" in again.err
    assert tnt(*typed(words), "--out", "q.xlsx", "--lang", lang, "--quiet").code in (0, 4)
    assert len(CalamineWorkbook.from_path(demo / "q.xlsx").sheet_names) >= 2


def test_the_page_of_a_question_has_a_name_of_its_kind(tnt: Run, demo: Path) -> None:
    assert ".html" in tnt("marginal-euro", "scenario.yaml", "--out", "q.txt").err
    assert tnt("sweep", "scenario.yaml", "--force").code == 2
