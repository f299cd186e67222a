"""Random rules of every kind for small cases, with bounds that one chosen allocation just keeps."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from fractions import Fraction
from typing import Any

from support import draws
from support.enumeration.oracle import Step
from support.enumeration.rows import UNITS, Award
from support.mixed_cases.dossiers import KEYS, LOTS, SHARED, URGENT, euros
from support.mixed_cases.envelopes import nodes

Spec = dict[str, Any]


class RuleMaker:
    """Draws rules for one case whose other parts are settled: `step` reads it, `points` are what may be decided.

    Each rule is drawn around an allocation `aim` that it mostly lets stand; `best` is what the first goal would
    take so far.
    """

    def __init__(self, dice: random.Random, step: Step, points: Sequence[Award], has_reference: bool) -> None:
        self.dice, self.step = dice, step
        self.alive = list(points) or [{}]
        self.points = dice.sample(self.alive, min(len(self.alive), 25))
        self.aim = self.points[0]
        if dice.random() < 0.5:
            self.aim = max(self.points, key=lambda award: (len(award), sum(award.values())))
        self.names = list(step.measures.offers)
        self.root = step.world.scenario["programme"]
        self.reference = has_reference
        self.values = [step.value(step.stages[0], award) for award in self.alive]

    @property
    def best(self) -> Award:
        """What the first goal takes among what the rules so far let stand."""
        return self.alive[max(range(len(self.alive)), key=self.values.__getitem__)]

    def rule(self, number: int) -> Spec:
        """One rule, most often such that it changes the answer and lets something stand."""
        kinds: list[Callable[[], Spec]] = [
            self.limit, self.limit, self.share, self.exclusive, self.requires, self.together, self.order,
            self.order, self.first_come, self.queue, self.coverage, self.schedule, self.equity, self.equity,
        ]  # fmt: skip
        draft = self.dice.choice(kinds)
        for _ in range(12):
            self.aim = self.dice.choice(self.alive)
            spec = self.moded({"id": f"r{number}", **draft()})
            if "report" in spec and self.dice.random() < 0.15:
                break
            if "report" not in spec and self.is_felt(spec):
                break
        self._keep(spec)
        return spec

    def is_felt(self, spec: Spec) -> bool:
        """Whether what was best is so no more, and something else stands."""
        distance = self.step.rules.distance(spec)
        if "penalty" not in spec:
            if distance(self.best) == 0:
                return False
            return any(distance(award) == 0 for award in self.alive)
        price = self._price(spec)
        worth = max(self.values) - price * distance(self.best)
        some = self.dice.sample(range(len(self.alive)), min(len(self.alive), 40))
        return any(self.values[k] - price * distance(self.alive[k]) > worth for k in some)

    def _price(self, spec: Spec) -> Fraction:
        return Fraction(spec["penalty"]["cost"]) / Fraction(spec["penalty"].get("per", "1"))

    def _keep(self, spec: Spec) -> None:
        """What is left to decide with one more rule."""
        if "report" in spec:
            return
        distance = self.step.rules.distance(spec)
        far = [distance(award) for award in self.alive]
        if "penalty" in spec:
            price = self._price(spec)
            self.values = [value - price * gap for value, gap in zip(self.values, far, strict=True)]
        elif any(gap == 0 for gap in far):
            kept = [k for k, gap in enumerate(far) if gap == 0]
            self.alive, self.values = [self.alive[k] for k in kept], [self.values[k] for k in kept]

    def moded(self, spec: Spec) -> Spec:
        """Hard, priced or reported."""
        mode = self.dice.choice(["hard", "hard", "priced", "priced", "report"])
        if mode == "priced" and spec.get("skip") == "true":
            mode = "report"
        if mode == "report":
            return spec | {"report": "true"}
        if mode == "priced":
            price = {"cost": self.dice.choice(["0.01", "0.1", "0.5", "3", "40", "40"]), "stage": "1"}
            if self.dice.random() < 0.5:
                price["per"] = self.dice.choice(["2", "1", "0.1"])
            return spec | {"penalty": price}
        return spec

    def tight(self, spec: Spec, key: str, texts: Sequence[Any]) -> Spec:
        """The spec with one of the tightest bounds that `aim` keeps; `texts` go from loose to tight."""
        fine = [text for text in texts if self.stands({**spec, key: text})]
        some = fine[-3:] if fine and self.dice.random() < 0.9 else list(texts)
        return spec | {key: self.dice.choice(some)}

    def spelt(self, value: str) -> str:
        """A value as a planner writes it, not always as the table does."""
        return draws.spelling(self.dice.choice, value)

    def where(self) -> Spec:
        """A selector, or nothing."""
        some: list[Spec] = [
            {}, {}, {"department": self.dice.sample(["05", "23", "48"], self.dice.randint(1, 2))},
            {"applicant_id": ["x", "y"]}, {"tags": {"has": self.spelt(SHARED)}}, {"score": {"min": "3.5"}},
            {"envelope": self.dice.choice(nodes(self.root))["id"]}, {"not": {"department": "48"}},
            {"any": [{"lot": self.spelt(LOTS[0])}, {"filed_at": {"until": "2021-03-01"}}]},
            {"lot": {"empty": True}},
            {"lot": {"in": [self.spelt(LOTS[0])], "exact": "true", "allow_absent": "true"}},
            {"key": [self.spelt(KEYS[0]), self.spelt(KEYS[2])]},
        ]  # fmt: skip
        found = self.dice.choice(some)
        return {"where": found} if found else {}

    def group(self) -> Any:
        return self.dice.choice(
            ["department", "applicant_id", "lot", "key", "envelope", ["department", "key"]]
        )

    def limit(self) -> Spec:
        measures = ["granted", "dossiers", "cost", "applicants", "projects", "population", "score", "leverage",
                    "merite", "jury", "une_fois", "requested"]  # fmt: skip
        spec: Spec = {"kind": "limit", "measure": self.dice.choice(measures), **self.where()}
        if self.reference and self.dice.random() < 0.2:
            spec = {"kind": "limit", "measure": "changed"}
        elif self.dice.random() < 0.45:
            spec["by"] = self.group()
        measure = self.step.measures.named(spec["measure"])
        figures = self._figures(spec)
        texts = [self.text(value, measure.money) for value in sorted(figures)]
        sides = self.dice.choice([["min"], ["max"], ["max"], ["min", "max"]])
        if "max" in sides:
            spec = self.tight(spec, "max", texts[::-1])
        if "min" in sides:
            spec = self.tight(
                spec,
                "min",
                [one for one in texts if "max" not in spec or Fraction(one) <= Fraction(spec["max"])]
                or texts[:1],
            )
            if "by" in spec and self.dice.random() < 0.3:
                spec = self.maybe(spec, {"floor": "strict"})
        if spec["measure"] == "granted" and "by" not in spec and self.dice.random() < 0.3:
            spec = self._of_amount(spec)
        return spec

    def maybe(self, spec: Spec, more: Spec) -> Spec:
        """The spec with more where the chosen allocation keeps it."""
        wider = spec | more
        return wider if self.stands(wider) else spec

    def stands(self, spec: Spec) -> bool:
        """Whether `aim` keeps a rule."""
        return self.step.rules.distance({"id": "?", **spec})(self.aim) == 0

    def _of_amount(self, spec: Spec) -> Spec:
        side = "min" if "min" in spec else "max"
        named = [node["id"] for node in nodes(self.root) if "amount" in node]
        shares = [f"{percent} %" for percent in range(5, 100, 5)]
        bounds = [{"share": share, "of_amount": self.dice.choice(named)} for share in shares]
        other = {key: value for key, value in spec.items() if key not in ("min", "max")}
        return self.tight(other, side, bounds if side == "min" else bounds[::-1])

    def _figures(self, spec: Spec) -> set[Fraction]:
        measure = self.step.measures.named(spec["measure"])
        groups = {"": self.names}
        if "by" in spec:
            groups = self.step.measures.groups(spec["by"], self.step.measures.in_play) or groups
        chosen = self.step.world.chosen(spec.get("where"))
        members = [[name for name in names if name in chosen] for names in groups.values()]
        whole = spec["measure"] == "changed"
        return {measure.value(award, None if whole else mine) for award in self.points for mine in members}

    def text(self, value: Fraction, money: bool) -> str:
        value = max(value, Fraction(0))
        if money:
            return euros(int(value * 100))
        return f"{float(int(value * 1000)) / 1000:g}"

    def share(self) -> Spec:
        name, of_name = self.dice.choice(
            [("granted", "granted"), ("dossiers", "dossiers"), ("cost", "granted"), ("score", "dossiers"),
             ("population", "population"), ("granted", "cost")]
        )  # fmt: skip
        where = self.where() if name != "cost" else {}
        spec: Spec = {"kind": "share", "measure": name, "of_measure": of_name, **where}
        if self.dice.random() < 0.4:
            spec["of"] = self.dice.choice(
                [{"department": ["05", "23"]}, {"tags": {"has": self.spelt(URGENT)}}]
            )
        if self.dice.random() < 0.25:
            spec["by"] = self.dice.choice(["department", "key"])
            if self.dice.random() < 0.5:
                spec["of"] = "all"
        if name == of_name and spec.get("of") != "all":  # else the share would be of itself
            spec.setdefault("where", {"lot": self.spelt(LOTS[1])})
        percents = [f"{p} %" for p in ([100, 110, 125, 150, 200] if name == "cost" else range(5, 100, 5))]
        if name == of_name or name == "granted":
            percents.append("37.5 %")
        percents.sort(key=lambda text: Fraction(text[:-1].strip()))
        side = self.dice.choice(["min", "max"])
        return self.tight(spec, side, percents if side == "min" else percents[::-1])

    def some(self, count: int) -> list[str]:
        return self.dice.sample(self.names, min(count, len(self.names)))

    def exclusive(self) -> Spec:
        spec: Spec = {"kind": "exclusive", "max": self.dice.choice(["1", "1", "2"])}
        if self.dice.random() < 0.5:
            return spec | {"dossiers": self.some(self.dice.randint(2, 4))}
        return spec | {"by": self.dice.choice(["members", "lot", "applicant_id", "tags"])} | self.where()

    def requires(self) -> Spec:
        first, *rest = self.some(self.dice.randint(2, 4))
        spec: Spec = {"kind": "requires", "dossiers": [first], "need": rest}
        return spec | ({"at_least": "1"} if self.dice.random() < 0.5 else {})

    def together(self) -> Spec:
        if self.dice.random() < 0.6:
            return {"kind": "together", "dossiers": self.some(2)}
        return {"kind": "together", "by": self.dice.choice(["lot", "key"])} | self.where()

    def order(self) -> Spec:
        rank = self.dice.choice(["score", "cost", "population", "merite", "note_b", "end"])
        spec: Spec = {
            "kind": "order",
            "rank": rank,
            "best": self.dice.choice(["low", "high"]),
            **self.where(),
        }
        if rank == "end":
            spec.pop("best")
        spec |= self.ties()
        return spec | ({"by": self.group()} if self.dice.random() < 0.5 else {})

    def ties(self) -> Spec:
        return self.dice.choice([{}, {"ties": "free"}, {"ties": "rank"}])

    def first_come(self) -> Spec:
        spec: Spec = {"kind": "order", "first_come": self.dice.choice(["filed_at", "filed_at", "end"])}
        spec |= self.where() | ({"skip": "false"} if self.dice.random() < 0.5 else {}) | self.ties()
        return spec | ({"by": self.group()} if self.dice.random() < 0.5 else {})

    def queue(self) -> Spec:
        named = [node["id"] for node in nodes(self.root) if all("amount" in below for below in nodes(node))]
        if not named:
            return self.first_come()
        where = {"envelope": self.dice.choice(named)}
        return {"kind": "order", "first_come": "filed_at", "skip": "true", "where": where}

    def coverage(self) -> Spec:
        small = {"code": ["48009", "48080", "48092", "48095"], "type": "commune"}
        choice = self.dice.choice(["members", "members", "department", "few"])
        spec: Spec = {"kind": "coverage", "covered_by": "members", "units": small, **self.where()}
        if choice == "department":
            spec |= {"covered_by": "department", "units": {"type": "departement", "code": ["05", "23", "48"]}}
        elif choice == "few":
            spec["units"] = small | {"population": {"max": "3500"}}
        spec["measure"] = self.dice.choice(["units", "population"])
        if choice == "members" and self.dice.random() < 0.3:
            spec["already"] = "fc.csv"
        total = sum(
            int(unit["population"]) if spec["measure"] == "population" else 1
            for code, unit in UNITS.items()
            if code in spec["units"]["code"] and (choice != "few" or int(unit["population"]) <= 3500)
        )
        texts = [f"{percent} %" for percent in range(10, 101, 10)]
        if self.dice.random() < 0.5:
            texts = [str(total * k // 6) for k in range(1, 7)]
        side = self.dice.choice(["min", "min", "max"])
        return self.tight(spec, side, texts if side == "min" else texts[::-1])

    def schedule(self) -> Spec:
        year: Any = self.dice.choice([{"column": "year"}, {"column": "year"}, "2021", {"column": "filed_at"}])
        if isinstance(year, dict) and year["column"] == "filed_at":
            return self._first_year(
                {"kind": "schedule", "year": year, "where": {"filed_at": {"empty": False}}}
            )
        return self._first_year({"kind": "schedule", "year": year, **self.where()})

    def _first_year(self, spec: Spec) -> Spec:
        spec["profile"] = self.dice.choice([["30 %", "50 %", "20 %"], ["100 %"], ["33.3 %", "66.7 %"]])
        sums = sorted({sum(award.values()) for award in self.points}, reverse=True)
        texts = [euros(total * part // 10) for part in (10, 7, 5, 3, 2) for total in sums]
        texts.sort(key=Fraction, reverse=True)
        keys = self.dice.sample(["commitments", "payments", "before_end_max"], self.dice.choice([1, 1, 2]))
        for key in keys:
            if key == "before_end_max":
                spec = self.maybe(
                    spec | {"commitments": {"2030": "0"}}, {key: self.dice.choice(["50 %", "80 %"])}
                )
                continue
            years = self.dice.sample(["2021", "2022", "2023"], self.dice.choice([1, 2]))
            held: dict[str, str] = {}
            for one in years:
                bounds = [held | {one: text} for text in texts]
                held = self.tight(spec, key, bounds)[key]
            spec = spec | {key: held}
        return spec

    def equity(self) -> Spec:
        measure = self.dice.choice(["granted", "granted", "dossiers", "applicants"])
        spec: Spec = {"kind": "equity", "measure": measure, "by": "department", **self.where()}
        if self.dice.random() < 0.3:
            spec["groups"] = ["05", "48"]
        if self.dice.random() < 0.25:
            spec["floor"] = "strict"
        sides = self.dice.choice([["min"], ["max"], ["min", "max"]])
        if "min" in sides:
            spec = self.tight(
                spec, "min", [f"{percent} %" for percent in (0, 5, 10, 25, 40, 60, 80, 95, 100)]
            )
        if "max" in sides:
            spec = self.tight(
                spec, "max", [f"{percent} %" for percent in (600, 400, 300, 250, 200, 150, 120, 100)]
            )
        return spec
