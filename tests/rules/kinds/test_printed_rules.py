"""What is printed of a rule is so: each formula and sentence read literally, on the list of a run and on others.

A reader of its own (`support/literal`) evaluates the formulas of `show --model` in exact fractions; it shares no
code with the program. Lists that break rules are read too: a formula is true of a list where the run says that the
rule is satisfied, and false where it is not.
"""

from __future__ import annotations

import os
import random
from collections import Counter
from contextlib import suppress
from pathlib import Path

import pytest
from support.enumeration.rows import Case, rate
from support.lanes import seeds
from support.literal.printed import PrintedEntry, PrintedRule, list_step_faults, read_entries, read_printed
from support.literal.sentences import list_lacking_words, read_constants, read_numbers
from support.mixed_cases.drawn import mixed
from support.typed import as_typed

from tnt_sim.cli.main import main
from tnt_sim.errors import InputError

CASES = 10
"""Programmes of one member of the family."""
PROGRAMMES = range(0, 100 if os.environ.get("CI") else 500, CASES)
"""The first programmes of each member: `pytest --slow` by hand draws 500 in all, `.ci/run` fewer."""


@pytest.fixture(autouse=True)
def whole_formulas(monkeypatch: pytest.MonkeyPatch) -> None:
    """Formulas name all of their applications: planners are shown the first ones."""
    for kind in ("exclusive", "requires", "decide", "linear"):
        monkeypatch.setattr(f"tnt_sim.rules.kinds.{kind}.kind._MAX_LISTED", 99)


def draw(first: int, folder: Path) -> dict[int, list[PrintedRule]]:
    """The printed rules of some programmes by number; a programme refused before solving prints none."""
    found = {}
    for seed in range(first, first + CASES):
        case = mixed(seed, 6, 200)
        case["scenario"].pop("steps", None)
        write_groups(case, random.Random(seed))
        below = folder / str(seed)
        below.mkdir()
        try:
            found[seed] = read_printed(case, below, seed)
        except InputError:
            found[seed] = []
    return found


def draw_entries(first: int, folder: Path) -> list[PrintedEntry]:
    """What is printed of the other entries of some programmes."""
    found = []
    for seed in range(first, first + CASES):
        case = mixed(seed, 6, 200)
        case["scenario"].pop("steps", None)
        below = folder / f"entries-{seed}"
        below.mkdir()
        with suppress(InputError):
            found += read_entries(case, below)
    return found


def write_groups(case: Case, dice: random.Random) -> None:
    """Say of some rules which groups count: a list, those present, those of the map."""
    for rule in case["scenario"]["rules"]:
        if rule["kind"] not in ("limit", "equity") or "by" not in rule or dice.random() < 0.4:
            continue
        by = rule["by"]
        ways = ["present", dice.sample(["05", "23", "48"], 2), "map"] if by == "department" else ["present"]
        rule["groups"] = dice.choice(ways)


@pytest.mark.drawn
@pytest.mark.parametrize("first", seeds(PROGRAMMES, 2))
def test_what_is_printed_of_a_rule_is_so(first: int, tmp_path: Path) -> None:
    rules = draw(first, tmp_path)
    wrong = [
        (seed, str(rule))
        for seed, printed in rules.items()
        for rule in printed
        if rule.true is not rule.satisfied
    ]
    assert wrong == []
    told = [(seed, text) for seed, printed in rules.items() for rule in printed for text in list_faults(rule)]
    assert told == []


def list_faults(rule: PrintedRule) -> list[str]:
    """Where the sentences of a rule and its formula do not state the same."""
    formula, english, french = rule.english.formula, rule.english.text, rule.french.text
    faults = [
        f"{formula}: “{words}” is not in the sentence"
        for words in list_lacking_words(formula, english, french)
    ]
    if rule.french.formula != formula:
        faults.append(f"{formula}, but {rule.french.formula}")
    constants, profile = read_constants(formula), rule.spec.get("profile", ())
    allowed = constants | {0} | {rate(share) for share in profile}
    for sentence, language in ((english, "en"), (french, "fr")):
        numbers, marked = read_numbers(sentence, language)
        if missing := constants - numbers:
            faults.append(f"{formula}: {missing} not in “{sentence}”")
        if "where" not in rule.spec and (more := marked - allowed):
            faults.append(f"{formula}: {more} in “{sentence}” only")
    return faults


@pytest.mark.drawn
@pytest.mark.parametrize("first", seeds(PROGRAMMES, 1))
def test_what_is_printed_of_the_other_entries_is_so(first: int, tmp_path: Path) -> None:
    """Eligibility, grants, caps, envelopes and goals, whose formulas are read on the list of the run."""
    entries = draw_entries(first, tmp_path)
    assert [entry for entry in entries if not entry.true or entry.faults] == []


@pytest.mark.drawn
@pytest.mark.parametrize("first", seeds(PROGRAMMES, 1))
def test_what_is_printed_of_a_step_is_so(first: int, tmp_path: Path) -> None:
    for seed in range(first, first + CASES):
        case = mixed(seed, 6, 200)
        if "steps" in case["scenario"]:
            with suppress(InputError):
                assert list_step_faults(case, tmp_path) == []


@pytest.mark.drawn
def test_the_lists_keep_and_break_every_kind(tmp_path: Path) -> None:
    """The comparison is not vacuous: formulas of each kind are read as true, and as false."""
    printed = [rule for first in (60, 80) for rules in draw(first, tmp_path).values() for rule in rules]
    read = Counter((rule.spec["kind"], rule.true) for rule in printed)
    kinds = {kind for kind, _ in read} - {"decide"}
    assert len(kinds) >= 9
    assert [kind for kind in kinds if not read[kind, True] or not read[kind, False]] == []
    other = Counter((entry.section, entry.true_of_other) for entry in draw_entries(40, tmp_path))
    assert all(
        other[section, False] for section in ("eligibility", "grants", "caps", "envelopes", "objective")
    )


ORDERED = """schema_version: 1
id: t
title: T
dossiers: [{file: d.csv}]
programme: {id: p, amount: 100 €}
grants: [{mode: all_or_nothing}]
rules:
  - {id: merite, kind: order, rank: score, best: high}
  - {id: jury, kind: decide, fund: [C], reason: accord, author: cabinet}
  - {id: lots, kind: together, by: lot}
  - {id: deux, kind: exclusive, dossiers: [A, B]}
waivers: [{of: deux, where: {dossier: [A]}, reason: accord, author: cabinet}]
objective: [{maximise: {score: 1}}]
"""


def test_what_a_rule_exempts_stands_in_its_sentence_and_its_formula(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """C is funded by decision while B, better ranked, is not: the rule that exempts it says so."""
    (tmp_path / "d.csv").write_text(
        "dossier,requested,score,lot\nA,60,9,x\nB,50,16,\nC,30,5,\n", encoding="utf-8"
    )
    path = tmp_path / "t.yaml"
    path.write_text(ORDERED, encoding="utf-8")
    shown = {}
    for language in ("en", "fr"):
        assert main(["show", str(path), "--model", "--lang", language]) == 0
        shown[language] = as_typed(capsys.readouterr().out)
    for formula in (
        "score_i > score_j ⇒ x_j ≤ x_i {free}",
        "∀ d : x_i = x_j {lot = d, fundable}",
        "x_A + x_B ≤ 1 \\ {dossier: [A]}",
    ):
        assert all(formula in text for text in shown.values())
    for english, french in (
        ("are committed, or are funded or refused by a decision are outside this rule",
         "qui sont engagés, ou qui sont financés ou refusés par décision, sont hors de la règle"),
        ("cannot be funded, or are refused by a decision, are outside this rule",
         "qui ne peuvent être financés, ou qui sont refusés par décision, sont hors de la règle"),
        ('Waiver: leaves out the applications where the application number is "A"',
         "Dérogation : laisse de côté les dossiers où le numéro de dossier est « A »"),
    ):  # fmt: skip
        assert english in " ".join(shown["en"].split())
        assert french in " ".join(shown["fr"].split())
