"""Instances with an exact answer of their own: what the engine reads, and the same thing as plain whole rows.

Each rule is written twice, for the engine as a planner would and for the reference as Σ a_j x_j within bounds; the
reference shares no code with the engine.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from support import draws
from tnt_sim.scenario.load import load_scenario
from tnt_sim.scenario.scenario import ScenarioData

Ints = NDArray[np.int64]

MICRO = 10**6
"""Scores are whole millionths, the finest that a table holds."""


@dataclass(frozen=True)
class Row:
    """lower ≤ Σ a_j x_j ≤ upper over dossiers in rank order; None is no bound."""

    a: Ints
    lower: int | None
    upper: int | None


@dataclass
class Instance:
    """All-or-nothing dossiers 1 … n in rank order: cents, scores in millionths, rows, and the engine's words.

    `columns` are further columns of the table; `programme` and `rules` are as in a scenario file. A column of free
    text is `written` in several spellings, `spelt` says how rules write a value of it.
    """

    name: str
    cents: Ints
    micro: Ints
    total_cents: int
    programme: dict[str, Any] = field(default_factory=dict)
    columns: dict[str, list[str]] = field(default_factory=dict)
    rules: list[dict[str, Any]] = field(default_factory=list)
    rows: list[Row] = field(default_factory=list)
    written: dict[str, list[str]] = field(default_factory=dict)
    spelt: dict[tuple[str, str], str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.rows.append(Row(self.cents, None, self.total_cents))
        self.programme |= {"id": "all", "amount": euros(self.total_cents)}

    @property
    def n(self) -> int:
        return len(self.cents)

    def require(self, i: int, j: int) -> None:
        """Dossier i (from 0) is funded with j only."""
        rule = {"id": f"need-{len(self.rules)}", "kind": "requires"}
        self.rules.append(rule | {"dossiers": [str(i + 1)], "need": [str(j + 1)]})
        a = np.zeros(self.n, dtype=np.int64)
        a[i], a[j] = 1, -1
        self.rows.append(Row(a, None, 0))

    def exclude(self, members: list[int], most: int) -> None:
        """At most so many of the members."""
        rule = {"id": f"only-{len(self.rules)}", "kind": "exclusive", "max": most}
        self.rules.append(rule | {"dossiers": [str(j + 1) for j in members]})
        a = np.zeros(self.n, dtype=np.int64)
        a[members] = 1
        self.rows.append(Row(a, None, most))

    def limit(self, measure: str, where: tuple[str, str] | None, **bounds: int) -> None:
        """`min` or `max` of granted (cents) or dossiers, over all or where a column has a value."""
        chosen = np.ones(self.n, bool)
        rule: dict[str, Any] = {"id": f"limit-{len(self.rules)}", "kind": "limit", "measure": measure}
        if where is not None:
            chosen = np.array(self.columns[where[0]]) == where[1]
            rule["where"] = {where[0]: self.spelt.get(where, where[1])}
        a = np.where(chosen, self.cents if measure == "granted" else 1, 0)
        text = euros if measure == "granted" else str
        self.rules.append(rule | {key: text(value) for key, value in bounds.items()})
        self.rows.append(Row(a, bounds.get("min"), bounds.get("max")))

    def share(self, where: tuple[str, str], rate: str) -> None:
        """What is granted where a column has a value is at least that share of all that is granted."""
        rule = {"id": f"share-{len(self.rules)}", "kind": "share", "measure": "granted", "min": rate}
        self.rules.append(rule | {"where": {where[0]: self.spelt.get(where, where[1])}})
        part = Fraction(rate.removesuffix("%").strip()) / 100
        chosen = np.array(self.columns[where[0]]) == where[1]
        a = np.where(chosen, part.denominator - part.numerator, -part.numerator) * self.cents
        self.rows.append(Row(a, 0, None))

    def once_each(self, most: int) -> None:
        """At most so many dossiers of one applicant; those without a number are not counted together."""
        self.rules.append({"id": "once", "kind": "exclusive", "by": "applicant_id", "max": most})
        numbers = np.array(self.columns["applicant_id"])
        for number in sorted({*numbers.tolist()} - {""}):
            self.rows.append(Row((numbers == number).astype(np.int64), None, most))

    def leaves(self, leaf: Ints, caps: list[int]) -> None:
        """Envelopes L0, L1 … under the programme, overbooked: each a ceiling of its own."""
        self.columns["envelope"] = [f"L{k}" for k in leaf.tolist()]
        children = [{"id": f"L{k}", "amount": euros(cap)} for k, cap in enumerate(caps)]
        self.programme |= {"overbooked": True, "envelopes": children}
        for k, cap in enumerate(caps):
            self.rows.append(Row(np.where(leaf == k, self.cents, 0), None, cap))

    def tree(self, cross_check: str) -> dict[str, Any]:
        """The scenario file."""
        return {
            "schema_version": 1,
            "id": "oracle",
            "programme": self.programme,
            "dossiers": [{"file": "dossiers.csv"}],
            "rules": self.rules,
            "objective": [{"maximise": {"score": 1}}],
            "solver": {"cross_check": cross_check},
        }

    def table(self, order: Ints | None = None, reverse_columns: bool = False) -> str:
        """The dossiers as CSV, in any order of rows and columns."""
        columns = {
            "dossier": [str(j + 1) for j in range(self.n)],
            "requested": [decimal(cents, 2) for cents in self.cents.tolist()],
            "score": [decimal(micro, 6) for micro in self.micro.tolist()],
            **(self.columns | self.written),
        }
        names = list(columns)[:: -1 if reverse_columns else 1]
        rows = range(self.n) if order is None else order.tolist()
        lines = [",".join(columns[name][j] for name in names) for j in rows]
        return "\n".join([",".join(names), *lines]) + "\n"

    def scenario(
        self,
        folder: Path,
        cross_check: str = "never",
        order: Ints | None = None,
        reverse_columns: bool = False,
    ) -> ScenarioData:
        """Written into a folder and read as a planner's files are."""
        return load_scenario(self.write(folder, cross_check, order, reverse_columns))

    def write(
        self,
        folder: Path,
        cross_check: str = "never",
        order: Ints | None = None,
        reverse_columns: bool = False,
    ) -> Path:
        """Write the scenario file and its table into a folder."""
        text = json.dumps(self.tree(cross_check), ensure_ascii=False)
        (folder / "oracle.yaml").write_text(text, encoding="utf-8")
        (folder / "dossiers.csv").write_text(self.table(order, reverse_columns), encoding="utf-8")
        return folder / "oracle.yaml"

    def breaks(self, funded: list[int]) -> list[Row]:
        """The rows that a set of dossiers (from 0) breaks, in Python's integers."""
        found = []
        for row in self.rows:
            total = sum(int(row.a[j]) for j in funded)
            if (row.lower is not None and total < row.lower) or (row.upper is not None and total > row.upper):
                found.append(row)
        return found

    def n_binding(self, funded: list[int]) -> int:
        """Rows, the whole envelope's left out, with less room than the median of what they count."""
        chosen = np.zeros(self.n, dtype=np.int64)
        chosen[funded] = 1
        binding = 0
        for row in self.rows[1:]:
            total, used = int(row.a @ chosen), np.abs(row.a[row.a != 0])
            room = [abs(bound - total) for bound in (row.lower, row.upper) if bound is not None]
            binding += bool(used.size and room and min(room) < np.median(used))
        return binding


def decimal(value: int, places: int) -> str:
    """A whole number of 10^−places as decimal text."""
    whole, part = divmod(value, 10**places)
    return f"{whole}.{part:0{places}d}"


def euros(cents: int) -> str:
    """Cents as a scenario writes them."""
    return f"{decimal(cents, 2)} €"


def brute_force(instance: Instance) -> list[int] | None:
    """The canonical answer (dossiers from 0) by all 2^n sets, None if nothing fits.

    The best score, then the least granted, then the greatest in rank order. The dossier of rank 0 is the highest
    bit, so that the greatest mask is first in the order of ranks.
    """
    n = instance.n
    if n > 20:
        raise ValueError("2^20 sets are the most that are walked")
    good = np.ones(1 << n, dtype=bool)
    for row in instance.rows:
        total = _sums(row.a)
        if row.lower is not None:
            good &= total >= row.lower
        if row.upper is not None:
            good &= total <= row.upper
    masks = np.flatnonzero(good)
    if not masks.size:
        return None
    for worth in (_sums(instance.micro), -_sums(instance.cents)):
        value = worth[masks]
        masks = masks[value == value.max()]
    best = int(masks[-1])
    return [j for j in range(n) if best >> (n - 1 - j) & 1]


def _sums(values: Ints) -> Ints:
    """Σ of the values over each of the 2^n sets."""
    found = np.zeros(1, dtype=np.int64)
    for value in values[::-1].tolist():  # the last rank is the lowest bit
        found = np.concatenate([found, found + value])
    return found


def near_miss(seed: int, n: int | None = None) -> Instance:
    """The most tempting set exceeds the envelope by 0.01 to 15 €; grants are 10 k€ to 20 M€."""
    rng = np.random.default_rng([seed, 1])
    n = int(rng.integers(4, 15)) if n is None else n
    cents = rng.integers(10**6, 2 * 10**9, n)
    score = rng.integers(1, 10**5, n)
    tempting = rng.random(n) < 0.6
    tempting[int(rng.integers(0, n))] = True
    score[tempting] += 10**5
    micro = score * 10 ** int(rng.integers(2, 7))
    excess = int(rng.integers(1, 1501))
    instance = Instance(f"near-miss {seed}", cents, micro, int(cents[tempting].sum()) - excess)
    for _ in range(int(rng.integers(0, 3))):
        instance.require(*_pair(n, rng))
    if rng.random() < 0.3:
        instance.limit("dossiers", None, min=int(rng.integers(0, n // 2 + 1)))
    return instance


def random_small(seed: int, largest: int = 20) -> Instance:
    """Up to 20 dossiers; flat fees and equal scores make ties, floors make some impossible; blanks in columns."""
    rng = np.random.default_rng([seed, 2])
    n = int(rng.integers(2, largest + 1))
    fees = [400_000, 400_000, 1_000_000, 1_500_000]
    cents = rng.choice(fees, n) if rng.random() < 0.3 else rng.integers(10**4, 10**8, n)
    score = rng.integers(1, 4, n) if rng.random() < 0.3 else rng.integers(1, 10**4, n)
    micro = score * 10 ** int(rng.integers(3, 7))
    instance = Instance(f"random {seed}", cents, micro, int(cents.sum() * rng.uniform(0.2, 0.9)))
    instance.columns["theme"] = [("", *draws.THEMES)[k] for k in rng.integers(0, 4, n).tolist()]
    _spell(instance, rng)
    instance.columns["region"] = ["" if k == 3 else f"r{k}" for k in rng.integers(0, 4, n).tolist()]
    instance.columns["applicant_id"] = [f"0{k}" if k < 6 else "" for k in rng.integers(0, 9, n).tolist()]
    if rng.random() < 0.15:
        instance.once_each(int(rng.integers(1, 4)))
    if rng.random() < 0.4:
        leaf = rng.integers(0, 3, n)
        instance.leaves(leaf, [int(cents[leaf == k].sum() * rng.uniform(0.3, 0.9)) for k in range(3)])
    for _ in range(int(rng.integers(0, 4))):
        _add_rule(instance, rng)
    return instance


def _spell(instance: Instance, rng: np.random.Generator) -> None:
    """Themes as several people wrote them, and as the planner writes each."""

    def pick(some: Sequence[Any]) -> Any:
        return some[int(rng.integers(len(some)))]

    instance.written["theme"] = [theme and draws.spelling(pick, theme) for theme in instance.columns["theme"]]
    themes = sorted({*draws.THEMES, *instance.columns["theme"]} - {""})
    instance.spelt |= {("theme", theme): draws.spelling(pick, theme) for theme in themes}


def _pair(n: int, rng: np.random.Generator) -> tuple[int, int]:
    """Two dossiers; odd ones need even ones, and the later the earlier, so that no circle closes."""
    i, j = sorted(rng.choice(n, 2, replace=False).tolist(), key=lambda k: (k % 2, k))
    return j, i


def _add_rule(instance: Instance, rng: np.random.Generator) -> None:
    kind = int(rng.integers(0, 6))
    theme, region = ("theme", draws.THEMES[rng.integers(0, 3)]), ("region", f"r{rng.integers(0, 3)}")
    if kind == 0:
        instance.require(*_pair(instance.n, rng))
    elif kind == 1:
        size = int(rng.integers(2, min(instance.n, 5) + 1))
        instance.exclude(rng.choice(instance.n, size, replace=False).tolist(), int(rng.integers(1, size)))
    elif kind == 2:
        inside = int(instance.cents[np.array(instance.columns["theme"]) == theme[1]].sum())
        instance.limit("granted", theme, min=int(inside * rng.uniform(0.2, 0.7)))
    elif kind == 3:
        inside = int(instance.cents[np.array(instance.columns["region"]) == region[1]].sum())
        instance.limit("granted", region, max=int(inside * rng.uniform(0.3, 0.9)))
    elif kind == 4:
        instance.share(theme, draws.SHARES[int(rng.integers(len(draws.SHARES)))])
    else:
        instance.limit("dossiers", region, max=int(rng.integers(1, instance.n)))


def programme(seed: int, n: int, rule: str) -> Instance:
    """A programme of n dossiers: `envelope`, `tree` (8 leaves), or `crossing-K` (K floors and caps that bind).

    Grants are log-normal to the euro, scores follow their root with noise, in tenths. Floors of themes are 110 %
    and caps of regions 90 % of what free spending would give them.
    """
    rng = np.random.default_rng([seed, n, 3])
    cents = (np.exp(rng.normal(10.5, 1.0, n)).astype(np.int64).clip(1_000, 2_000_000)) * 100
    noise = np.exp(rng.normal(0, 0.35, n))
    micro = np.maximum((np.sqrt(cents) * noise).astype(np.int64), 1) * 10**5
    total = int(cents.sum() * 0.45)
    instance = Instance(f"{rule} n={n} seed={seed}", cents, micro, total)
    if rule == "tree":
        leaf = rng.integers(0, 8, n)
        instance.leaves(leaf, [int(cents[leaf == k].sum() * rng.uniform(0.35, 0.6)) for k in range(8)])
    elif rule.startswith("crossing-"):
        _cross(instance, rng, int(rule.removeprefix("crossing-")))
    elif rule != "envelope":
        raise ValueError(rule)
    return instance


def _cross(instance: Instance, rng: np.random.Generator, n_rules: int) -> None:
    """Themes and regions cross: a floor on the worst themes and a cap on the best regions, in turn."""
    theme, region = rng.integers(0, 4, instance.n), rng.integers(0, 5, instance.n)
    instance.columns["theme"] = [f"Thème d’été {k}" for k in theme.tolist()]
    _spell(instance, rng)
    instance.columns["region"] = [f"r{k}" for k in region.tolist()]
    order = np.argsort(-instance.micro / instance.cents, kind="stable")
    free = order[np.cumsum(instance.cents[order]) <= instance.total_cents]
    spent = np.zeros(instance.n, dtype=np.int64)
    spent[free] = instance.cents[free]
    for k in range(n_rules):
        if k % 2 == 0:
            inside = int(spent[theme == k // 2].sum())
            instance.limit("granted", ("theme", f"Thème d’été {k // 2}"), min=inside * 110 // 100)
        else:
            inside = int(spent[region == k // 2].sum())
            instance.limit("granted", ("region", f"r{k // 2}"), max=inside * 90 // 100)
