"""The keys of an envelope, sentence by sentence, on small trees whose money is added up by hand."""

from __future__ import annotations

import random
from collections.abc import Callable
from fractions import Fraction
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from support.claims import Award, Row, choose_best, decide, euros, find_codes, requested, score_of, solve_case
from support.text_scenarios import awards

from tnt_sim.i18n.message import _
from tnt_sim.reporting.reports.envelope_table import build_envelope_table

A, B = "a", "b"
TREE = {"p": ("p", "a", "a1", "b"), "a": ("a", "a1"), "a1": ("a1",), "b": ("b",)}
"""The envelopes of a drawn programme, each with all that is under it."""


def draw_rows(dice: random.Random, homes: str | tuple[str, ...] = ("a", "b"), n: int = 6) -> list[Row]:
    """Applications of some hundred euros with cents; scores tie."""
    return [
        {
            "dossier": f"D{k}",
            "envelope": dice.choice(homes),
            "requested": euros(dice.randrange(10_000, 60_000, dice.choice((1, 2_500)))),
            "score": dice.choice(("0.5", "1", "2.25", "2.25", "3.1", "7")),
        }
        for k in range(n)
    ]


def granted(rows: list[Row], award: Award, node: str) -> int:
    """What is granted in an envelope and under it, in cents."""
    return sum(award.get(row["dossier"], 0) for row in rows if row["envelope"] in TREE[node])


def programme(amount: int, *children: dict[str, Any], **keys: Any) -> dict[str, Any]:
    """The keys of a programme."""
    return {"programme": {"id": "p", "amount": euros(amount), "envelopes": list(children), **keys}}


def child(name: str, amount: int | None, *children: dict[str, Any], **keys: Any) -> dict[str, Any]:
    """The keys of an envelope."""
    written = {} if amount is None else {"amount": euros(amount)}
    return {"id": name, **written, **({"envelopes": list(children)} if children else {}), **keys}


def above(got: int, amount: int) -> int:
    """What an envelope got beyond its amount."""
    return max(0, got - amount)


class Trial:
    """Drawn programmes against the enumeration of a sentence, which must decide otherwise than without the key."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.n_changed = folder, 0

    def check(
        self,
        rows: list[Row],
        body: dict[str, Any],
        holds: Callable[[Award], bool],
        without: Callable[[Award], bool],
    ) -> None:
        """The program decides as the sentence says; `without` is what would hold without the key."""
        worth = score_of(rows)
        expected = choose_best(requested(rows), holds, worth)
        assert decide(self.folder, rows, body) == expected, (rows, body)
        self.n_changed += choose_best(requested(rows), without, worth) != expected

    def ends(self) -> None:
        assert self.n_changed > 2, "the key never mattered"


@pytest.fixture
def trial(tmp_path: Path) -> Trial:
    return Trial(tmp_path)


@pytest.mark.claim(
    "EnvelopeSpec.amount", "ProgrammeSpec.amount", "EnvelopeSpec.envelopes", "ProgrammeSpec.envelopes"
)
def test_an_amount_caps_what_is_in_it_and_under_it(trial: Trial) -> None:
    for seed in range(12):
        dice = random.Random(seed)
        rows = draw_rows(dice, ("p", "a", "a1", "a1", "b"))
        whole, a = dice.randrange(70_000, 160_000), dice.randrange(20_000, 60_000)
        inner = dice.choice((None, dice.randrange(10_000, a)))
        body = programme(
            whole, child("a", a, child("a1", inner), unassigned="own"), child("b", None), unassigned="own"
        )
        caps = {"p": whole, "a": a} | ({} if inner is None else {"a1": inner})
        trial.check(
            rows,
            body,
            lambda award, rows=rows, caps=caps: all(granted(rows, award, n) <= c for n, c in caps.items()),
            lambda award, rows=rows, whole=whole: granted(rows, award, "p") <= whole,
        )
    trial.ends()


@pytest.mark.claim("EnvelopeSpec.ring_fenced", "ProgrammeSpec.ring_fenced")
def test_nothing_enters_or_leaves_what_is_ring_fenced(trial: Trial) -> None:
    for seed in range(12):
        dice = random.Random(seed)
        rows = draw_rows(dice, ("p", "a", "a", "a1", "b"))
        a, b = dice.randrange(30_000, 90_000), dice.randrange(10_000, 40_000)
        whole = a + b + dice.randrange(0, 50_000)

        def in_all(award: Award, rows: list[Row] = rows, whole: int = whole, b: int = b, a: int = a) -> bool:
            over = above(granted(rows, award, "a"), a) + above(granted(rows, award, "b"), b)
            own = granted(rows, award, "p") - granted(rows, award, "a") - granted(rows, award, "b")
            return granted(rows, award, "p") <= whole and (not over or over <= whole - a - b - own)

        def apart(award: Award, rows: list[Row] = rows, whole: int = whole, a: int = a) -> bool:
            mine = granted(rows, award, "a")
            return in_all(award) and mine <= a and granted(rows, award, "p") - mine <= whole - a

        body = programme(
            whole,
            child("a", a, child("a1", None), ring_fenced=True),
            child("b", b),
            ring_fenced=dice.choice((True, False)),  # nothing stands above or beside the programme
        )
        trial.check(rows, body, apart, in_all)
    trial.ends()


@pytest.mark.claim("EnvelopeSpec.overbooked", "ProgrammeSpec.overbooked")
def test_amounts_under_an_overbooked_envelope_are_ceilings(trial: Trial) -> None:
    for seed in range(10):
        dice = random.Random(seed)
        rows = draw_rows(dice, ("a", "a1", "b", "b"))
        a, b = dice.randrange(30_000, 90_000), dice.randrange(30_000, 90_000)
        whole = dice.randrange(max(a, b), a + b)
        caps = {"p": whole, "a": a, "b": b}
        body = programme(whole, child("a", a, child("a1", None)), child("b", b), overbooked=True)
        trial.check(
            rows,
            body,
            lambda award, rows=rows, caps=caps: all(granted(rows, award, n) <= c for n, c in caps.items()),
            lambda award, rows=rows, whole=whole: granted(rows, award, "p") <= whole,
        )
        refused = programme(whole, child("a", a, child("a1", None)), child("b", b))
        assert find_codes(lambda: decide(trial.folder, rows, refused)) == {"children-exceed"}  # noqa: B023
    trial.ends()


@pytest.mark.claim("EnvelopeSpec.unassigned", "ProgrammeSpec.unassigned", "UnassignedTo.to")
@pytest.mark.parametrize("policy", ["free", "own", "pro_rata", {"to": "b"}], ids=str)
def test_unassigned_money_goes_where_it_is_written(trial: Trial, policy: Any) -> None:
    for seed in range(10):
        dice = random.Random(seed)
        homes = ("a", "a", "a1", "b", "b") if policy == "pro_rata" else ("p", "a", "a", "b", "b")
        rows = draw_rows(dice, homes)
        a, b = dice.randrange(10_000, 60_000), dice.randrange(10_000, 60_000)
        rest = dice.choice((1, 333, 20_001, 50_000))
        whole = a + b + rest
        shares = {"a": Fraction(rest * a, a + b), "b": Fraction(rest * b, a + b)}
        parts = {name: int(share) for name, share in shares.items()}
        left = rest - sum(parts.values())
        for name in sorted(parts, key=lambda one: (parts[one] - shares[one], one))[:left]:
            parts[name] += 1

        def holds(award: Award, rows: list[Row] = rows, a: int = a, b: int = b, whole: int = whole,
                  parts: dict[str, int] = parts) -> bool:  # fmt: skip
            all_, of_a, of_b = (granted(rows, award, node) for node in "pab")
            over_a, over_b, free = above(of_a, a), above(of_b, b), whole - a - b - (all_ - of_a - of_b)
            fine = {
                "free": not over_a + over_b or over_a + over_b <= free,
                "own": over_a == over_b == 0,
                "pro_rata": over_a <= parts["a"] and over_b <= parts["b"],
            }.get(str(policy), over_a == 0 and (not over_b or over_b <= free))
            return all_ <= whole and fine

        body = programme(whole, child("a", a, child("a1", None)), child("b", b), unassigned=policy)
        trial.check(rows, body, holds, lambda award, rows=rows, w=whole: granted(rows, award, "p") <= w)
    trial.ends()


@pytest.mark.claim("ProgrammeSpec.transfers")
def test_a_programme_has_no_siblings_to_give_to(tmp_path: Path) -> None:
    rows = draw_rows(random.Random(1))
    for to in (["a"], ["p"]):
        body = programme(90_000, child("a", 40_000), child("b", 50_000), transfers={"to": to})
        assert find_codes(partial(decide, tmp_path, rows, body)) == {"transfers"}


@pytest.mark.claim("EnvelopeSpec.transfers", "TransferSpec.to", "TransferSpec.out_max", "TransferSpec.in_max")
def test_siblings_give_within_shares_of_their_written_amounts(trial: Trial) -> None:
    for seed in range(14):
        dice = random.Random(seed)
        rows = draw_rows(dice)
        a, b = dice.randrange(50_000, 120_000), dice.randrange(20_000, 60_000)
        out, into = (dice.choice((None, "7.5 %", "33.3 %", "60 %")) for _ in range(2))
        most = [int(Fraction(rate[:-2]) / 100 * of) for rate, of in ((out, a), (into, b)) if rate]

        def holds(
            award: Award, rows: list[Row] = rows, a: int = a, b: int = b, most: list[int] = most
        ) -> bool:
            lacks = above(granted(rows, award, "b"), b)
            return granted(rows, award, "a") <= a - lacks and all(lacks <= limit for limit in most)

        gives = {"to": ["b"]} | ({"out_max": out} if out else {})
        gets = {"transfers": {"to": [], "in_max": into}} if into else {}
        body = programme(a + b, child("a", a, transfers=gives), child("b", b, **gets))
        trial.check(rows, body, holds, lambda award, rows=rows, a=a, b=b: (
            granted(rows, award, "a") <= a and granted(rows, award, "b") <= b
        ))  # fmt: skip
    trial.ends()


@pytest.mark.claim("EnvelopeSpec.min_use", "ProgrammeSpec.min_use")
@pytest.mark.parametrize("node", ["a", "p"])
def test_a_share_of_the_amount_is_granted_at_least(trial: Trial, node: str) -> None:
    for seed in range(10):
        dice = random.Random(seed)
        rows = draw_rows(dice, ("a", "a1", "b", "b"))
        for row in rows:
            row["score"] = dice.choice(("-1", "-0.25", "1", row["score"]))
        a, b = dice.randrange(40_000, 120_000), dice.randrange(20_000, 90_000)
        rate = dice.choice(("33.3 %", "60 %", "95 %"))
        least = Fraction(rate[:-2]) / 100 * (a if node == "a" else a + b)

        def fits(award: Award, rows: list[Row] = rows, a: int = a, b: int = b) -> bool:
            return granted(rows, award, "a") <= a and granted(rows, award, "b") <= b

        keys: dict[str, dict[str, Any]] = {"a": {}, "p": {}} | {node: {"min_use": rate}}
        body = programme(a + b, child("a", a, child("a1", None), **keys["a"]), child("b", b), **keys["p"])
        trial.check(
            rows,
            body,
            lambda award, rows=rows, least=least: fits(award) and granted(rows, award, node) >= least,
            fits,
        )
    trial.ends()


@pytest.mark.claim("EnvelopeSpec.reserve", "ProgrammeSpec.reserve")
@pytest.mark.parametrize("node", ["a", "p"])
def test_the_reserve_is_held_back_until_the_last_step(trial: Trial, node: str) -> None:
    n_freed = 0
    for seed in range(8):
        dice = random.Random(seed)
        rows = draw_rows(dice)
        for row in rows:
            row["filed_at"] = dice.choice(("2026-01-05", "2026-02-05"))
        a, b = dice.randrange(60_000, 150_000), dice.randrange(60_000, 150_000)
        rate = dice.choice(("7.5 %", "33.3 %"))
        of = a if node == "a" else a + b
        held = -int(-Fraction(rate[:-2]) / 100 * of // 1)
        keys: dict[str, dict[str, Any]] = {"a": {}, "p": {}} | {node: {"reserve": rate}}
        body = programme(a + b, child("a", a, **keys["a"]), child("b", b), **keys["p"])

        def holds(
            award: Award, held: int, rows: list[Row] = rows, a: int = a, b: int = b, of: int = of
        ) -> bool:
            got = {name: granted(rows, award, name) for name in TREE}
            return got["a"] <= a and got["b"] <= b and got[node] <= of - held

        one = partial(holds, held=held)
        trial.check(rows, body, one, partial(holds, held=0))
        days = {"steps": [{"id": "one", "date": "2026-01-15"}, {"id": "two", "date": "2026-02-15"}]}
        early = {row["dossier"] for row in rows if row["filed_at"] == "2026-01-05"}
        ranked = requested(sorted(rows, key=lambda row: (row["filed_at"], row["dossier"])))
        worth = score_of(rows)
        first = choose_best({n: some for n, some in ranked.items() if n in early}, one, worth)
        assert first is not None
        expected = choose_best(ranked, partial(holds, held=0), worth, first)
        assert decide(trial.folder, rows, body | days | {"date": "2026-02-15"}) == expected, (rows, body)
        n_freed += not one(expected or {})
    assert n_freed > 1
    trial.ends()


@pytest.mark.claim("EnvelopeSpec.overprogram", "ProgrammeSpec.overprogram")
@pytest.mark.parametrize("node", ["a", "p"])
def test_commitments_may_exceed_the_amount_and_the_excess_is_shown(trial: Trial, node: str) -> None:
    n_shown = 0
    for seed in range(10):
        dice = random.Random(seed)
        rows = draw_rows(dice)
        a, b = dice.randrange(30_000, 80_000), dice.randrange(30_000, 80_000)
        rate = dice.choice(("5 %", "12.5 %", "33.3 %"))
        more = int(Fraction(rate[:-2]) / 100 * (a if node == "a" else a + b))
        if node == "a":  # a programme without an amount: what is beyond stays in its envelope
            body = {"programme": {"id": "p", "envelopes": [child("a", a, overprogram=rate), child("b", b)]}}
            caps = {"a": a + more, "b": b}
        else:
            body = programme(a + b, child("a", None), child("b", None), overprogram=rate)
            caps = {"p": a + b + more}
        trial.check(
            rows,
            body,
            lambda award, rows=rows, caps=caps: all(granted(rows, award, n) <= c for n, c in caps.items()),
            lambda award, rows=rows, a=a, b=b: (
                granted(rows, award, node) <= (a if node == "a" else a + b)
                and (node == "p" or granted(rows, award, "b") <= b)
            ),
        )
        result = solve_case(trial.folder, rows, body)
        excess = above(granted(rows, awards(result), node), a if node == "a" else a + b)
        table = build_envelope_table(result.data.envelopes)
        shown = [column.values for column in table.columns if column.head == _("Excess at risk")]
        at = [entry.id for entry in result.data.envelopes].index(node)
        assert [values[at] for values in shown] == ([excess] if excess else [])
        n_shown += excess > 0
    assert n_shown > 2
    trial.ends()


@pytest.mark.claim(
    "EnvelopeSpec.min_dossiers",
    "ProgrammeSpec.min_dossiers",
    "EnvelopeSpec.max_dossiers",
    "ProgrammeSpec.max_dossiers",
)
@pytest.mark.parametrize("side", ["min_dossiers", "max_dossiers"])
@pytest.mark.parametrize("node", ["a", "p"])
def test_funded_applications_are_counted_with_those_under_it(trial: Trial, node: str, side: str) -> None:
    for seed in range(8):
        dice = random.Random(seed)
        rows = draw_rows(dice, ("a", "a1", "b"))
        rows[0] |= {"committed": rows[0]["requested"]}
        rows[1] |= {"score": "20", "requested": "600"}  # a dear one, so that few are funded
        a, b = dice.randrange(70_000, 150_000), dice.randrange(70_000, 150_000)
        n = dice.choice((1, 2)) if side == "max_dossiers" else dice.choice((3, 4)) + (node == "p")

        def fits(award: Award, rows: list[Row] = rows, a: int = a, b: int = b) -> bool:
            return "D0" in award and granted(rows, award, "a") <= a and granted(rows, award, "b") <= b

        def counted(award: Award, rows: list[Row] = rows, n: int = n) -> bool:
            count = sum(row["dossier"] in award for row in rows if row["envelope"] in TREE[node])
            return fits(award) and (count >= n if side == "min_dossiers" else count <= n)

        keys: dict[str, dict[str, Any]] = {"a": {}, "p": {}} | {node: {side: n}}
        body = programme(a + b, child("a", a, child("a1", None), **keys["a"]), child("b", b), **keys["p"])
        trial.check(rows, body, counted, fits)
    trial.ends()
