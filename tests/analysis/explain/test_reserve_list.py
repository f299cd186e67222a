"""The reserve list gives one reason for each dossier, and the page of the dossier does not contradict it."""

from __future__ import annotations

import tempfile
from collections import Counter
from pathlib import Path
from random import Random
from typing import Any

import pytest
from support.clocks import StepClock
from support.lanes import first_of, seeds

from tnt_sim.analysis.explain.explanation import explain, list_reserve
from tnt_sim.analysis.shared.decided_run import of_result
from tnt_sim.analysis.shared.envelope_path import build_envelope_path, compile_at_amount
from tnt_sim.cli.main import main
from tnt_sim.deadline import Deadline
from tnt_sim.engine.result import Status
from tnt_sim.engine.solve import solve
from tnt_sim.errors import InputError
from tnt_sim.i18n.message import Lang
from tnt_sim.reporting.report_tree import write_words
from tnt_sim.reporting.reports.explanation import describe_obstacle
from tnt_sim.rules.kinds.limit.rule import Limit
from tnt_sim.scenario.load import load_scenario
from tnt_sim.verify.allocation_reading import Allocation, list_broken_rules, read_allocation

HEAD = "dossier,envelope,department,applicant_id,cost,requested,score\n"


def drawn(seed: int, folder: Path) -> Any:
    """Two envelopes under a programme, decimals and cents, a cap by department and another rule."""
    dice = Random(seed)
    rows = []
    for k in range(dice.randint(4, 8)):
        asked = dice.randint(200, 2400) * dice.choice([1, 1, 25])
        score = f"{dice.randint(0, 19)}.{dice.choice([0, 5, 25])}"
        where, who = dice.choice(["a", "b", "p"]), dice.choice(["", "x", "y"])
        rows.append(
            f"D{k},{where},{dice.choice(['01', '02'])},{who},{2 * asked / 100:.2f},{asked / 100:.2f},{score}\n"
        )
    (folder / "d.csv").write_text(HEAD + "".join(rows), encoding="utf-8")
    total = sum(float(row.split(",")[5]) for row in rows)
    a, b = (round(total * dice.randint(5, 40) / 100, 2) for _ in "ab")
    most = f"{total * dice.randint(20, 60) / 100:.2f} €"
    rules = [
        f"  - {{id: dep, kind: limit, measure: granted, by: department, max: {most}}}",
        "  - {id: une, kind: limit, measure: dossiers, by: applicant_id, max: 1}",
        "  - {id: part, kind: share, measure: granted, where: {department: '01'}, min: 40 %}",
    ]
    fence, held = dice.choice(["true", "false"]), dice.choice(["", ", reserve: 30 %"])
    (folder / "s.yaml").write_text(
        "schema_version: 1\nid: s\ndate: 2026-03-31\n"
        f"programme:\n  id: p\n  amount: {a + b + dice.choice([0, 0.5, 9]):.2f} €\n  envelopes:\n"
        f"    - {{id: a, amount: {a:.2f} €, ring_fenced: {fence}{held}}}\n    - {{id: b, amount: {b:.2f} €}}\n"
        "dossiers: [{file: d.csv}]\ngrants: [{mode: all_or_nothing}]\nobjective: [{maximise: {score: 1}}]\n"
        "rules:\n" + "\n".join(dice.sample(rules, dice.choice([1, 1, 2]))) + "\n",
        encoding="utf-8",
    )
    return load_scenario(folder / "s.yaml")


def _checked(seed: int, folder: Path) -> Counter[str]:
    """Every dossier of one world waits for one thing, which is enough, and its page agrees."""
    told: Counter[str] = Counter()
    try:
        result = solve(drawn(seed, folder))
    except InputError:
        return told
    if result.status is not Status.OPTIMAL:
        return told
    decided = of_result(result)
    numbers = decided.numbers.to_list()
    waiting = [n for n, f in zip(numbers, decided.allocation.funded.tolist(), strict=True) if not f]
    document = explain(decided, waiting).document
    pages = {page["dossier"]: page for page in document["dossiers"]}
    for one in document["reserve"]:
        row = numbers.index(one["dossier"])
        funded, granted = decided.allocation.funded.copy(), decided.allocation.granted_cents.copy()
        funded[row], granted[row] = True, decided.problem.offers.least_cents[row]
        beside = Allocation(funded, granted)
        line = build_envelope_path(decided.problem, one["envelope"])
        more = compile_at_amount(decided.problem, line, line.amount_cents + one["missing_cents"])
        fits = not list_broken_rules(more, beside, read_allocation(more, beside))
        assert fits == (one["rule"] is None), (seed, one)
        page = pages[one["dossier"]]
        barred = page["reason_code"] in ("outranked", "none_fits") and one["rule"] is not None
        assert (page["barred_by"] is not None) == barred, (seed, one)
        changes = [entry for entry in pages[one["dossier"]]["changes"] if entry["kind"] == "envelope"]
        own = next(entry for entry in changes if entry["of"] == one["envelope"])
        if own["status"] == "impossible":
            assert one["rule"] is not None, (seed, one)
        elif one["rule"] is None and own["status"] in ("exact", "interval"):
            assert own["by_cents"] <= one["missing_cents"], (seed, one)
        kind = "rule" if one["rule"] else "money" if one["missing_cents"] else "nothing"
        told[kind] += 1
        assert (one["rank"] is not None) == (kind == "money")
    return told


@pytest.mark.drawn
@pytest.mark.parametrize("first", seeds(range(0, 20, 10), 1))
def test_one_reason_that_the_page_agrees_with(first: int) -> None:
    told: Counter[str] = Counter()
    for seed in first_of(range(first, first + 10), 4):
        with tempfile.TemporaryDirectory() as name:
            told += _checked(seed, Path(name))
    assert told["rule"] > 0
    assert told["money"] > 0


def test_without_time_the_sum_is_a_least(tmp_path: Path) -> None:
    """Nothing is read beside today's list once the deadline has passed: each sum is a least."""
    looked = 0
    for seed in range(12):
        folder = tmp_path / str(seed)
        folder.mkdir()
        try:
            result = solve(drawn(seed, folder))
        except InputError:
            continue
        if result.status is not Status.OPTIMAL:
            continue
        whole = {one.dossier: one for one in list_reserve(of_result(result))}
        clock = StepClock(tick=1.0)
        short = list_reserve(of_result(result), Deadline(1.5, clock))
        assert clock.readings <= len(whole) + 2
        assert {one.dossier for one in short} == set(whole)
        for one in short:
            other = whole[one.dossier]
            looked += one.looked_at != other.looked_at
            if one.rule is None:
                assert one.missing_cents <= other.missing_cents, seed
            if not one.looked_at and one.missing_cents:
                assert write_words(describe_obstacle(one, proven=True), Lang.FR).startswith("≥")
    assert looked


def test_the_demo_names_the_cap(tmp_path: Path) -> None:
    assert main(["new", str(tmp_path / "demo")]) == 0
    result = solve(load_scenario(tmp_path / "demo" / "scenario.yaml"))
    document = explain(of_result(result), ["E-03"]).data
    one = next(entry for entry in document.reserve if entry.dossier == "E-03")
    assert one.rule == "plafond-departement"
    assert tuple(write_words(describe_obstacle(one, proven=True), lang) for lang in (Lang.FR, Lang.EN)) == (
        "la règle « plafond-departement »",
        'the rule "plafond-departement"',
    )
    outranked = explain(of_result(result), ["E-12"]).sentences(Lang.EN)["E-12"]
    money = (
        'Outranked in "Services numériques": it needs €150,000, €96,400 can still go there, and the last that '
        'were funded ("E-04", "E-09" and "E-14") bring at least as much per euro.'
    )
    bar = 'the rule "plafond-departement: 400 000 € au plus par département"'
    # « beside those funded » read like « whatever happens », though a list with others out may hold it
    alone = "Even with more money, funding it without changing the others would break"
    assert outranked.startswith(f"{money} {alone} {bar}.")
    statuses = {c.status for c in document.dossiers[0].changes if c.kind == "envelope"}
    assert statuses == {"impossible"}


def test_sums_are_read_once_for_the_whole_list(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of rules that are sums each is read once, not once for each dossier that waits."""
    decided = of_result(solve(drawn(12, tmp_path)))
    sums = [rule for rule in decided.problem.rules if isinstance(rule, Limit)]
    assert sums
    read, n_read = Limit.read, list[str]()

    def counted(self: Limit, funded: Any, granted_cents: Any) -> Any:
        n_read.append(self.id)
        return read(self, funded, granted_cents)

    monkeypatch.setattr(Limit, "read", counted)
    listed = list_reserve(decided)
    assert sum(one.looked_at for one in listed) > 1
    assert sorted(n_read) == sorted(rule.id for rule in sums)
