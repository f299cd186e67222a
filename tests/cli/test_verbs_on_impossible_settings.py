"""Every verb on a scenario answers an impossible setting with what clashes and what would be enough."""

from __future__ import annotations

import json
import re
import shlex
from pathlib import Path

import jsonschema
import pytest
from support.clash import CLASH
from support.command_line import Run

from tnt_sim.analysis.infeasibility import minimal_conflicts
from tnt_sim.api.schemas import read_schema
from tnt_sim.errors import LimitReached
from tnt_sim.i18n.message import Bilingual

EXCEEDED = "envelopes.numerique.amount=3000 k€"
"""Parts above their whole: refused before any solve."""
FLOOR = "rules.part-communes={kind: limit, measure: granted, where: {envelope: mobilites}, min: 1.15 M€}"
"""A minimum that the applications cannot reach: refused before any solve."""
MORE = {"target": ("all",), "extension-shares": ("100 k€",)}
CHECKED = ("validate", "show", "sweep", "marginal-euro", "entry-thresholds", "target", "rule-prices", "extend",
           "extension-shares", "alternatives", "run")  # fmt: skip
SOLVED = ("marginal-euro", "entry-thresholds", "rule-prices", "extend", "extension-shares")
CASES = [(verb, EXCEEDED, 4) for verb in CHECKED] + [("run", FLOOR, 4)]
CASES += [pytest.param(verb, CLASH, 4, marks=pytest.mark.slow) for verb in SOLVED]


@pytest.mark.parametrize(("verb", "change", "code"), CASES)
def test_each_verb_gives_the_object_of_conflict(
    verb: str, change: str, code: int, tnt: Run, demo: Path
) -> None:
    words = (verb, "scenario.yaml", *MORE.get(verb, ()), "--set", change)
    found = tnt(*words, "--json")
    whole = tnt("conflict", "scenario.yaml", "--set", change, "--max-sets", "1", "--json")
    assert found.code == whole.code == code
    assert found.document["command"] == verb
    assert found.document["conflict"] == whole.document["sets"]
    assert found.document["repairs"] == whole.document["repairs"][:3]
    assert found.document["repairs"]
    page = tnt(*words, "--lang", "fr")
    assert page.code == code
    said = " ".join(page.plain.split())
    assert f'Tout le détail : tnt-sim conflict scenario.yaml --set "{change}"' in said
    assert not page.err


LOOSE = """schema_version: 1
id: w
locale: en
programme: {id: p, amount: 120 €, min_use: 100 %}
dossiers: [{file: d.csv}]
objective: [{maximise: {score: 1}}]
rules:
  - {id: zones, kind: limit, measure: granted, by: zone, max: 60 €}
  - {id: theme, kind: limit, measure: granted, by: theme, max: 60 €}
"""
"""The rule `zones` alone allows 100 €, `theme` alone 110 €, and both 80 €."""


def test_one_figure_and_one_code_for_a_floor_that_caps_forbid(
    tnt: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A bound on what the applications can get is no figure of a repair: no verb names it."""
    rows = "A,N,x,50,1\nB,S,x,50,1\nC,S,y,30,1\nD,N,y,30,1\n"
    (tmp_path / "d.csv").write_text("dossier,zone,theme,requested,score\n" + rows, encoding="utf-8")
    (tmp_path / "w.yaml").write_text(LOOSE, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    pages = [tnt(verb, "w.yaml") for verb in ("run", "conflict", "validate")]
    quiet = tnt("validate", "w.yaml", "--quiet")
    assert [page.code for page in (*pages, quiet)] == [4, 4, 4, 4]
    lower = 'Lower the minimum use of "p" by €40 (to €80)'
    assert [lower in " ".join(page.plain.split()) for page in pages] == [True] * 3
    assert re.findall(r"€[\d,.]+\d", quiet.err) == ["€120"]
    documents = [tnt(verb, "w.yaml", "--json").document for verb in ("run", "conflict", "validate")]
    assert documents[0]["repairs"] == documents[1]["repairs"][:3] == documents[2]["repairs"]


@pytest.mark.parametrize(
    "words",
    [
        ("alternatives",),
        ("target", "rules"),
        ("sweep", "--at", "1.2 M€", "--free"),
        ("audit", "--selection", "list.csv"),
    ],
)
def test_an_answer_without_allocation_has_the_conflict_too(
    words: tuple[str, ...], tnt: Run, demo: Path
) -> None:
    """The document keeps its own keys, the page ends with what clashes and the repairs."""
    (demo / "list.csv").write_text("dossier\nE-01\n", encoding="utf-8")
    verb, *more = words
    typed = (verb, "scenario.yaml", *more, "--set", CLASH)
    found = tnt(*typed, "--json")
    whole = tnt(
        "conflict", "scenario.yaml", "--set", CLASH, "--max-sets", "1", "--max-repairs", "3", "--json"
    )
    assert found.code == 4
    assert found.document["command"] == verb
    assert found.document["conflict"] == whole.document["sets"]
    assert found.document["repairs"] == whole.document["repairs"]
    schema = json.loads(read_schema(verb))
    jsonschema.validate(found.document, schema)
    page = tnt(*typed, "--lang", "en", *(("--out", "again") if verb == "sweep" else ()))
    said = " ".join(page.plain.split())
    assert "What would be enough, smallest change first" in said
    assert f'All of it: tnt-sim conflict scenario.yaml --set "{CLASH}"' in said


def test_a_lowered_minimum_costs_no_money_and_is_what_its_line_sets(tnt: Run, demo: Path) -> None:
    """94.96 % of 1.2 M€ is 1,139,520 €, not the 1,139,600 € of the list."""
    more = ("--set", "rules.part-communes.min=70 %", "--set", "programme.min_use=95 %")
    page = tnt("conflict", "scenario.yaml", *more, "--lang", "en")
    assert "(to €1,139,520)" in page.plain
    assert 'programme.min_use="94.96 %"' in page.plain
    assert page.plain.count("Price: no money is added.") == 3


def test_a_page_says_how_many_conflicts_it_does_not_show(tnt: Run, demo: Path) -> None:
    more = ("--set", "rules.part-communes.min=95 %", "--set", "programme.min_use=99 %")
    more += ("--set", "envelopes.mobilites.min_dossiers=20")
    page = tnt("run", "scenario.yaml", *more, "--lang", "en")
    whole = tnt("conflict", "scenario.yaml", *more, "--max-sets", "1", "--json")
    assert (len(whole.document["sets"]), whole.document["n_sets"]) == (1, 2)
    assert "One more conflict is not shown here. All of it: tnt-sim conflict" in page.plain


def test_the_next_line_of_a_conflict_is_a_run_that_finds_a_list(tnt: Run, demo: Path) -> None:
    """The repair takes the place of the settings that it corrects; with both, `run` would refuse two values."""
    more = ("--set", "rules.part-communes.min=70 %", "--set", "programme.min_use=95 %")
    page = tnt("conflict", "scenario.yaml", *more, "--lang", "en")
    following = next(line for line in page.plain.splitlines() if line.startswith("Next: "))
    words = shlex.split(following.removeprefix("Next: tnt-sim "))
    assert sum(word.startswith("programme.min_use=") for word in words) == 1
    assert tnt(*words).code == 0


def test_ctrl_c_in_the_search_for_repairs_leaves_the_refusal(
    tnt: Run, demo: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupt(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(minimal_conflicts, "conflict", interrupt)
    page = tnt("validate", "scenario.yaml", "--set", EXCEEDED)
    assert (page.code, "children-exceed" in page.err) == (4, True)


def test_a_goal_out_of_reach_is_no_conflict(tnt: Run, demo: Path) -> None:
    page = tnt("target", "scenario.yaml", "+20", "--lang", "en")
    assert (page.code, "conflict" in page.plain) == (4, False)


def test_an_audit_says_that_no_list_can_be_a_decision(tnt: Run, demo: Path) -> None:
    (demo / "list.csv").write_text("dossier\nE-01\n", encoding="utf-8")
    page = tnt("audit", "scenario.yaml", "--selection", "list.csv", "--set", CLASH, "--lang", "en")
    assert "No allocation satisfies all the rules: no list can be a decision." in page.plain
    assert "These rules are incompatible" in page.plain


def test_the_page_of_out_is_written_too(tnt: Run, demo: Path) -> None:
    assert tnt("target", "scenario.yaml", "all", "--set", EXCEEDED, "--out", "page.html").code == 4
    assert "Ce réglage est impossible." in (demo / "page.html").read_text(encoding="utf-8")


def test_an_invalid_option_of_a_possible_setting_stays_an_error(tnt: Run, demo: Path) -> None:
    said = tnt("sweep", "scenario.yaml", "--from", "2 M€", "--to", "1 M€")
    assert said.code == 2
    assert "--from" in said.err


def test_a_batch_names_the_command_of_each_impossible_case(tnt: Run, demo: Path) -> None:
    (demo / "plan.yaml").write_text(
        "base: scenario.yaml\nmatrix: {envelopes.numerique.amount: [3000 k€]}\n", encoding="utf-8"
    )
    said = tnt("batch", "plan.yaml", "--out", "store", "--executor", "serial", "--lang", "en")
    assert f'tnt-sim conflict SCENARIO --set "{EXCEEDED}"' in said.plain


def test_a_repair_takes_the_place_of_what_was_typed(tnt: Run, demo: Path) -> None:
    page = tnt("alternatives", "scenario.yaml", "--set", "programme.amount=900 k€", "--lang", "en")
    assert 'Put the line of a repair in the place of yours for "programme.amount".' in page.plain


def test_an_error_of_the_search_for_repairs_leaves_the_refusal(
    tnt: Run, demo: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stop(*_: object, **__: object) -> None:
        raise LimitReached(Bilingual("trop tard", "too late"))

    monkeypatch.setattr(minimal_conflicts, "conflict", stop)
    page = tnt("validate", "scenario.yaml", "--set", EXCEEDED)
    assert (page.code, "children-exceed" in page.err) == (4, True)
