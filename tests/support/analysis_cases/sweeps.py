"""Small sweeps by enumeration, in plain Python: every list at every amount. It shares no code with the engine."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from itertools import product
from pathlib import Path
from random import Random

from tnt_sim.scenario.load import load_scenario
from tnt_sim.scenario.scenario import ScenarioData

List = tuple[int, ...]
Score = int | Fraction


@dataclass
class Small:
    """A programme of two children, with at most one rule that crosses them; amounts in cents."""

    a: int
    b: int
    fenced: bool
    dossiers: list[tuple[str, str, int, Score]]
    """Envelope, department, grant and score of each, in rank order."""
    exclusive: tuple[int, int] | None = None
    cap: int | None = None
    """The most that one department may get."""
    use: int | None = None
    """The least share of the whole, in percent, that must be granted."""

    @property
    def base(self) -> int:
        return self.a + self.b

    def scenario(self, folder: Path) -> ScenarioData:
        rows = [
            f"{k + 1},{where},{department},{grant / 100:.2f},{grant / 100:.2f},{float(score)}"
            for k, (where, department, grant, score) in enumerate(self.dossiers)
        ]
        head = "dossier,envelope,department,cost,requested,score"
        (folder / "table.csv").write_text("\n".join([head, *rows]) + "\n", encoding="utf-8")
        (folder / "case.yaml").write_text(self._text(), encoding="utf-8")
        return load_scenario(folder / "case.yaml")

    def _text(self) -> str:
        use = f"  min_use: {self.use} %\n" if self.use is not None else ""
        text = (
            f"schema_version: 1\nid: case\nprogramme:\n  id: tout\n  amount: {self.base / 100:.2f} €\n{use}"
            f"  envelopes:\n    - {{id: a, amount: {self.a / 100:.2f} €}}\n"
            f"    - {{id: b, amount: {self.b / 100:.2f} €, ring_fenced: {str(self.fenced).lower()}}}\n"
            "dossiers: [{file: table.csv}]\nobjective: [{maximise: {score: 1}}]\n"
        )
        rules = []
        if self.exclusive is not None:
            one, other = self.exclusive
            rules.append(f"  - {{id: soit, kind: exclusive, dossiers: ['{one + 1}', '{other + 1}'], max: 1}}")
        if self.cap is not None:
            rules.append(
                "  - {id: plafond, kind: limit, measure: granted, by: department, "
                f"max: {self.cap / 100:.2f} €}}"
            )
        return text + ("rules:\n" + "\n".join(rules) + "\n" if rules else "")

    def value(self, chosen: List) -> Score:
        return sum((d[3] for d, x in zip(self.dossiers, chosen, strict=True) if x), 0)

    def granted(self, chosen: List) -> int:
        return sum(d[2] for d, x in zip(self.dossiers, chosen, strict=True) if x)

    def _in(self, chosen: List, envelope: str) -> int:
        return sum(d[2] for d, x in zip(self.dossiers, chosen, strict=True) if x and d[0] == envelope)

    def holds(self, chosen: List, amount: int) -> bool:
        over = [max(0, self._in(chosen, "a") - self.a), max(0, self._in(chosen, "b") - self.b)]
        if self.fenced and over[1]:
            return False
        own = self._in(chosen, "tout")
        if any(over) and sum(over) + own > amount - self.base:
            return False
        if self.granted(chosen) > amount:
            return False
        if self.fenced and self.granted(chosen) - self._in(chosen, "b") > amount - self.b:
            return False
        if self.use is not None and 100 * self.granted(chosen) < self.use * amount:
            return False
        if self.exclusive is not None and all(chosen[k] for k in self.exclusive):
            return False
        if self.cap is None:
            return True
        return all(
            sum(d[2] for d, x in zip(self.dossiers, chosen, strict=True) if x and d[1] == department)
            <= self.cap
            for department in {d[1] for d in self.dossiers}
        )

    def best(self, amount: int, promised: List | None = None) -> List | None:
        """The one answer at an amount: value, then least granted, then the first in rank order."""
        fitting = [
            chosen
            for chosen in product((0, 1), repeat=len(self.dossiers))
            if self.holds(chosen, amount)
            and (promised is None or all(x >= p for x, p in zip(chosen, promised, strict=True)))
        ]
        return max(fitting, key=lambda x: (self.value(x), -self.granted(x), x), default=None)


def small(
    seed: int, *, crossing: bool = False, use: bool = False, own: bool = False, tenths: bool = False
) -> Small:
    """A random case; with `crossing` a rule that cuts across the tree, with `use` one that tightens.

    With `tenths` scores have decimals, and few values, so that some are equal.
    """
    random = Random(seed)
    places = ["a", "b", *(["tout"] if own else [])]
    n = random.randint(3, 6)
    dossiers: list[tuple[str, str, int, Score]] = [
        (random.choice(places), random.choice(["01", "02"]), random.randint(1, 12), random.randint(1, 6))
        for _ in range(n)
    ]
    if tenths:
        pool = [Fraction(random.randint(1, 200), 10) for _ in range(n - 1)]
        dossiers = [(a, d, grant, random.choice(pool)) for a, d, grant, _ in dossiers]
    case = Small(random.randint(3, 14), random.randint(3, 14), random.random() < 0.4, dossiers)
    if crossing:
        case.exclusive = (0, 1) if random.random() < 0.6 else None
        case.cap = random.randint(8, 20) if case.exclusive is None or random.random() < 0.5 else None
    if use:
        case.use = random.choice([20, 40, 60])
    return case
