"""A condition or a rule that stands on one side only is one change; its cause and its words."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from html import unescape
from pathlib import Path
from random import Random
from typing import Any

import pytest
from ruamel.yaml import YAML
from support.lanes import seeds

import tnt_sim as tnt
from tnt_sim.analysis.compare import causes
from tnt_sim.i18n.message import Lang
from tnt_sim.i18n.numbers import format_amount
from tnt_sim.reporting.renderers.html import render_report_html
from tnt_sim.reporting.renderers.terminal import render_report
from tnt_sim.reporting.reports.comparison import build_report
from tnt_sim.reporting.text.scenario_differences import list_differences

ROWS = "dossier,envelope,department,cost,requested,score\n"
CONDITION = {"id": "note", "require": {"score": {"min": 6}}}
RULE = {"id": "dep", "kind": "limit", "measure": "granted", "by": "department", "max": "14.50"}
GOAL = [{"maximise": {"dossiers": 1}}]
CHANGES: dict[str, dict[str, Any]] = {
    "eligibility.note": {"eligibility": [CONDITION]},
    "rules.dep": {"rules": [RULE]},
    "objective": {"objective": GOAL},
    "programme.amount": {"programme": {"id": "p", "amount": "21.75"}},
}


def written(folder: Path, name: str, *parts: str) -> tnt.Scenario:
    """The scenario with some of the changes."""
    tree: dict[str, Any] = {
        "schema_version": 1,
        "id": name,
        "date": "2026-03-31",
        "programme": {"id": "p", "amount": "30.25"},
        "dossiers": [{"file": "d.csv"}],
        "grants": [{"mode": "all_or_nothing"}],
        "objective": [{"maximise": {"score": 1}}],
    }
    for part in parts:
        tree |= CHANGES[part]
    with (folder / f"{name}.yaml").open("w", encoding="utf-8") as stream:
        YAML(typ="safe").dump(tree, stream)
    return tnt.Scenario.from_yaml(folder / f"{name}.yaml")


def awards(scenario: tnt.Scenario) -> dict[str, int]:
    table = scenario.solve().to_dataframe().filter("funded")
    return dict(zip(table["dossier"].to_list(), table["granted_cents"].to_list(), strict=True))


def draw(folder: Path, seed: int) -> Random:
    dice = Random(seed)
    rows = []
    for k in range(8):
        asked = dice.randint(150, 1200) / 100
        score = dice.choice(["4.5", "5.9", "6", "7.25", "9", "12.1"])
        rows.append(f"D{k},p,{dice.choice(['01', '02'])},{2 * asked:.2f},{asked:.2f},{score}\n")
    (folder / "d.csv").write_text(ROWS + "".join(rows), encoding="utf-8")
    return dice


def read_cause(cause: str) -> tuple[set[str], set[str]]:
    """The changes that each make a move alone, and those without which others do not make it."""
    if not cause.startswith("together"):
        return set(cause.split(" + ")), set()
    return set(), set(cause.removeprefix("together").removeprefix(": ").split(" + ")) - {""}


INTERACTION = "dossier,envelope,department,cost,requested,score\nA,p,01,20,10,1\nB,p,01,40,20,9\n"


def test_two_changes_at_once_are_not_attributed_to_one(tmp_path: Path) -> None:
    """A enters only with more money for the programme and for its department; neither alone lets it in."""
    (tmp_path / "d.csv").write_text(INTERACTION, encoding="utf-8")
    both = written(tmp_path, "both", "rules.dep")
    one, two = (both.with_({"programme.amount": most, "rules.dep.max": most}) for most in ("20", "30"))
    found = tnt.compare(one, two, names=["one", "two"])
    assert [row["cause"] for row in found.moves["two"].to_dicts()] == [
        "together: programme.amount + rules.dep.max"
    ]
    for lang, words in (
        (Lang.FR, "ensemble : programme.amount + rules.dep.max"),
        (Lang.EN, "together: programme.amount + rules.dep.max"),
    ):
        text = " ".join(
            " ".join(line.plain for line in render_report(found.build_report(), lang, 200)).split()
        )
        assert words in text.replace("\u00a0", " ")


@pytest.mark.parametrize(("n_changes", "n_solves"), [(1, 0), (2, 2), (3, 6)])
def test_no_causes_saves_what_it_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, n_changes: int, n_solves: int
) -> None:
    draw(tmp_path, 1)
    runs = [written(tmp_path, "one"), written(tmp_path, "two", *list(CHANGES)[-n_changes:])]
    results = [scenario.solve() for scenario in runs]
    calls = Counter[str]()

    def count(name: str, whole: Any) -> Any:
        def run(*args: Any, **options: Any) -> Any:
            calls[name] += 1
            return whole(*args, **options)

        return run

    for name in ("optimise", "compile_problem"):
        monkeypatch.setattr(causes, name, count(name, getattr(causes, name)))
    without = tnt.compare(*results, attribute=False)
    assert not calls
    assert all(row["cause"] is None for row in without.summary()["changes"])
    assert "The cause of each move was not sought." in str(
        [line.plain for line in render_report(without.build_report(), Lang.EN, 100)]
    )
    assert "each move was not sought" not in str(
        render_report(tnt.compare(*results).build_report(), Lang.EN, 100)
    )
    assert (calls["optimise"], calls["compile_problem"]) == (n_solves, n_solves)


@pytest.mark.parametrize("seed", seeds(range(8), 4))
def test_the_change_that_suffices_is_the_cause(tmp_path: Path, seed: int) -> None:
    """By enumeration: each change alone, then all but each, one at a time."""
    dice = draw(tmp_path, seed)
    some = dice.sample(list(CHANGES), dice.choice([2, 2, 3]))
    one, two = written(tmp_path, "one"), written(tmp_path, "two", *some)
    if dice.random() < 0.5:  # taken away rather than added
        one, two = two, one
    base, full = ((), tuple(some)) if one.id == "one" else (tuple(some), ())
    before, after = awards(one), awards(two)
    alone, without = {}, {}
    for k, change in enumerate(some):
        rest = [other for other in some if other != change]
        mixed = awards(written(tmp_path, f"mix{k}", change)), awards(written(tmp_path, f"rest{k}", *rest))
        alone[change], without[change] = mixed if not base else mixed[::-1]
    assert base != full
    found = tnt.compare(one, two)
    moves = next(iter(found.moves.values()))
    for row in moves.iter_rows(named=True):
        name = row["dossier"]
        makes = {c for c in some if alone[c].get(name) == after.get(name) != before.get(name)}
        needed = {c for c in some if without[c].get(name) == before.get(name)}
        assert read_cause(row["cause"]) == (makes, set() if makes else needed), (seed, name)


def test_a_condition_alone_makes_who_it_bars_leave(tmp_path: Path) -> None:
    draw(tmp_path, 0)
    one, two = written(tmp_path, "one"), written(tmp_path, "two", "eligibility.note", "objective")
    below = {row["dossier"] for row in one.solve().to_dataframe().to_dicts() if float(row["score"]) < 6}
    found = tnt.compare(one, two)
    left = [row for row in next(iter(found.moves.values())).to_dicts() if row["dossier"] in below]
    assert left
    assert all("eligibility.note" in row["cause"].split(" + ") for row in left)


def test_differences_are_sentences(tmp_path: Path) -> None:
    draw(tmp_path, 0)
    one = written(tmp_path, "one")
    two = written(tmp_path, "two", "eligibility.note", "rules.dep", "objective")
    found = tnt.compare(one, two)
    for lang, words in (
        (Lang.FR, ("Maximiser", "ne dépasse pas", "Ce qui diffère")),
        (Lang.EN, ("Maximise", "for each department", "What differs")),
    ):
        text = "\n".join(str(line) for line in render_report(found.build_report(), lang, 100))
        assert "{" not in text
        assert all(word.lower() in text.lower() for word in words), text
    assert any("[{" in str(row["two"]) for row in found.summary()["inputs"])  # the document keeps its texts


def test_tables_that_differ_are_one_change_among_others(tmp_path: Path) -> None:
    """« Together » only where no change alone makes or undoes the move: cells and an amount, each tried apart."""
    others, n_moves = {"dossiers": "programme.amount", "programme.amount": "dossiers"}, 0
    for seed in range(6):
        folders = [tmp_path / f"{seed}{side}" for side in "ab"]
        for folder in folders:
            folder.mkdir()
            (folder / "tnt-sim.toml").touch()
            draw(folder, seed)
        table = folders[1] / "d.csv"
        rows = table.read_text("utf-8").splitlines()
        cells = [row.split(",") for row in rows[1:]]
        for cell in Random(seed).sample(cells, 2):
            cell[5] = "0.5" if float(cell[5]) > 6 else "30.5"
        table.write_text("\n".join([rows[0], *(",".join(row) for row in cells)]) + "\n", encoding="utf-8")
        first, other = (
            written(folder, "s", *parts)
            for folder, parts in zip(folders, ([], ["programme.amount"]), strict=True)
        )
        before, after = awards(first), awards(other)
        alone = {
            "programme.amount": awards(written(folders[0], "x", "programme.amount")),
            "dossiers": awards(written(folders[1], "y")),
        }
        for row in tnt.compare(first, other, names=["a", "b"]).moves["b"].iter_rows(named=True):
            name, n_moves = row["dossier"], n_moves + 1
            makes = {
                key for key, made in alone.items() if made.get(name) == after.get(name) != before.get(name)
            }
            undone = {key for key in alone if alone[others[key]].get(name) == before.get(name)}
            assert read_cause(row["cause"]) == (makes, set() if makes else undone), (seed, name)
    assert n_moves > 6


def test_a_list_at_a_limit_is_the_cause_of_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A list that was in hand when the time was over says nothing of what a change does."""
    draw(tmp_path, 1)
    some = ("rules.dep", "objective", "programme.amount")
    one, two = written(tmp_path, "one"), written(tmp_path, "two", *some)
    assert not tnt.compare(one, two).why["two"].untried
    asked = causes.optimise
    monkeypatch.setattr(causes, "optimise", lambda *a, **how: replace(asked(*a, **how), claimed=False))
    found = tnt.compare(one, two).why["two"]
    assert sorted(found.untried) == sorted(some)
    assert set(found.by_dossier.values()) == {"together"}


def test_a_page_names_no_key_and_says_what_changes(tmp_path: Path) -> None:
    draw(tmp_path, 3)
    found = tnt.compare(written(tmp_path, "a"), written(tmp_path, "b", *CHANGES))
    page = unescape(render_report_html(build_report(found), Lang.EN))
    shown = page[page.index("<main>") :]
    for path in CHANGES:
        assert path not in shown
    for words in ("Programme: amount", "Condition", "Rule", "Objective"):
        assert words in shown
    rows = list_differences(found, Lang.EN)
    assert len(rows) == len(CHANGES)
    assert [row[0] for row in rows] == ["Envelope", "Rule", "Condition", "Objective"]
    before, after = (sum(side.map_granted_cents().values()) for side in found.sides)
    assert format_amount(abs(after - before), Lang.EN) in shown[: shown.index("</section>")]


@pytest.mark.parametrize(
    ("change", "french", "english"),
    [
        ({"off": True}, "Arrêtée.", "Switched off."),
        (None, "Absente de ce scénario.", "Not in this scenario."),
        (
            {"valid": {"until": "2026-01-31"}},
            "Pour chaque département, le montant accordé ne dépasse pas 14,50\u00a0€. "
            "Pas en vigueur ce jour-là (jusqu'au 31 janvier 2026).",
            "For each department, the amount granted does not exceed €14.50. "
            "Not in force on that day (until 31 January 2026).",
        ),
    ],
)
def test_a_rule_that_does_not_apply_on_one_side_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, change: dict[str, Any] | None, french: str, english: str
) -> None:
    """A rule switched off keeps its sentence in the file: it must not stand on both sides."""
    draw(tmp_path, 0)
    one = written(tmp_path, "one", "rules.dep")
    if change is not None:
        monkeypatch.setitem(CHANGES, "rules.dep", {"rules": [RULE | change]})
    two = written(tmp_path, "two", *(["rules.dep"] if change is not None else []))
    for first, other in ((one, two), (two, one)):
        found = tnt.compare(first, other)
        for lang, stands, apart in (
            (Lang.FR, "Pour chaque département, le montant accordé ne dépasse pas 14,50\u00a0€.", french),
            (Lang.EN, "For each department, the amount granted does not exceed €14.50.", english),
        ):
            texts = [stands, apart] if first is one else [apart, stands]
            assert [row[2:] for row in list_differences(found, lang)] == [texts]
            page = unescape(render_report_html(found.build_report(), lang))
            terminal = " ".join(str(line) for line in render_report(found.build_report(), lang, 400))
            assert apart in page
            assert apart in terminal
