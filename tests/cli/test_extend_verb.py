"""`tnt-sim extend`, and what `run` says of one more million: pages in both languages, documents, Ctrl-C."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from support.command_line import Run

from tnt_sim.analysis.extend import search
from tnt_sim.analysis.extend import step_effects as one_more_module


def test_a_page_and_one_document(tnt: Run, demo: Path) -> None:
    assert demo.is_dir()
    page = tnt("extend", "scenario.yaml", "--to", "1.3 M€,1,5 M€")
    assert (page.code, page.err) == (0, "")
    assert "Transférer ou étendre ?" in page.plain
    assert "Étendre à 1,3 M€ ne rapporte rien, avec ou sans transferts." in page.plain
    assert "Ensuite : tnt-sim sweep scenario.yaml" in page.plain
    told = tnt("extend", "scenario.yaml", "--to", "1.3 M€", "--to", "1,5 M€", "--json").document
    assert (told["command"], told["status"]) == ("extend", "optimal")
    assert told["totals_cents"] == [130_000_000, 150_000_000]
    for curve in ("free", "nested"):
        for entry in told[curve]["totals"]:
            for gain in entry["gains"]:
                transfer, extension, total = (float(gain[key]) for key in ("transfer", "extension", "total"))
                assert transfer + extension == pytest.approx(total)
    english = tnt("extend", "scenario.yaml", "--to", "1.3 M€", "--lang", "en")
    assert "Transfer or extend?" in english.out
    assert "Extending to €1.3M brings nothing" in english.plain


def test_amounts_are_parted_where_no_decimal_comma_stands() -> None:
    from tnt_sim.studies.extend.question import split_amounts

    assert split_amounts(["90M,98M,108M"]) == ["90M", "98M", "108M"]
    assert split_amounts(["22,5 M€", "1,3 M€ ; 110 %"]) == ["22,5 M€", "1,3 M€", "110 %"]


def test_what_cannot_be_asked(tnt: Run, demo: Path) -> None:
    assert demo.is_dir()
    for words, said in (
        (("--to", "1 M€"), "un total demandé est inférieur au montant écrit"),
        (("--to", "beaucoup"), "n'est pas un montant"),
        (("--set", "programme.amount=null"), "n'a pas de montant"),
    ):
        found = tnt("extend", "scenario.yaml", *words)
        assert (found.code, found.out) == (2, "")
        assert said in found.err


def test_the_shares_of_an_extension_point_to_the_verb(tnt: Run, demo: Path) -> None:
    assert demo.is_dir()
    assert "tnt-sim extend scenario.yaml" in tnt("extension-shares", "scenario.yaml", "100 k€").out


def test_ctrl_c_keeps_what_was_found(tnt: Run, demo: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert demo.is_dir()
    whole = tnt("extend", "scenario.yaml", "--json").document
    made, first = iter(range(9)), search._ExtensionSearch.settle

    def settle(*words: Any) -> Any:
        if next(made) == 2:
            raise KeyboardInterrupt
        return first(*words)

    monkeypatch.setattr(search._ExtensionSearch, "settle", settle)
    said = tnt("extend", "scenario.yaml", "--json")
    told = said.document
    assert (said.code, told["stopped_by"], told["progress"]["done"]) == (130, "interrupt", 2)
    for key in ("transfer", "gains"):
        assert told["free"][key] == whole["free"][key]
    alone, found = (one["free"]["totals"][0]["alone"] for one in (told, whole))
    assert (alone["status"], alone["objective"]) == ("stopped", [])
    limits = [Fraction(alone["limits"][end]) for end in ("low", "high")]
    assert limits[0] <= Fraction(found["objective"][0]["value"]) <= limits[1]
    assert told["free"]["totals"][0]["gains"][0]["total"] is None


def test_a_run_says_what_each_axis_would_do_with_more(tnt: Run, demo: Path) -> None:
    """The demo's programme is of 1.2 M€: a step of 10 000 €; asked for itself, each axis does what it says."""
    assert demo.is_dir()
    document = tnt("run", "scenario.yaml", "--json").document
    told = document["one_more"]
    assert (told["cents"], told["why_not"], told["missing"]) == (1_000_000, None, [])
    axes = [one for one in document["envelopes"] if one["parent"] == document["envelopes"][0]["id"]]
    assert [one["envelope"] for one in told["axes"]] == [one["id"] for one in axes if one["amount_cents"]]
    before, whole = float(document["objective"][0]["value"]), document["amount_cents"]
    for one in told["axes"]:
        amount = next(axis["amount_cents"] for axis in axes if axis["id"] == one["envelope"])
        larger = tnt(
            "run",
            "scenario.yaml",
            "--set",
            f"programme.amount={(whole + told['cents']) // 100} €",
            "--set",
            f"envelopes.{one['envelope']}.amount={(amount + told['cents']) // 100} €",
            "--json",
        ).document
        change = float(one["change"] or 0) if one["goal"] in (None, document["objective"][0]["goal"]) else 0
        assert float(larger["objective"][0]["value"]) == pytest.approx(before + change)
        assert larger["granted_cents"] == document["granted_cents"] + one["granted_cents"]
    french, english = tnt("run", "scenario.yaml").plain, tnt("run", "scenario.yaml", "--lang", "en").out
    assert "10 k€ de plus, ce qu'en ferait chaque axe" in french
    assert "€10k more, and what each axis would do with it" in english


def test_a_run_says_why_it_does_not_look(tnt: Run, demo: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert demo.is_dir()
    with monkeypatch.context() as patch:
        patch.setattr(one_more_module, "MOST_SECONDS", 0.0)
        told = tnt("run", "scenario.yaml", "--json").document["one_more"]
        assert (told["axes"], told["why_not"]) == ([], None)
        assert told["missing"]
        assert "Non établi dans le temps permis" in tnt("run", "scenario.yaml").plain
    monkeypatch.setattr(one_more_module, "SLOWEST_RUN", 0.0)
    assert tnt("run", "scenario.yaml", "--json").document["one_more"]["why_not"] == "slow"
    assert "n'est pas calculé : ce calcul a été long" in tnt("run", "scenario.yaml").plain
