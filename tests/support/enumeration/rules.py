"""How far an allocation breaks each rule of a small case, in plain Python; 0 where the rule holds."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from typing import Any

from support.enumeration.envelopes import Purse
from support.enumeration.measures import Measure, Measures
from support.enumeration.rows import (
    UNITS,
    Award,
    World,
    cents,
    compare,
    instant,
    listed,
    people,
    rank_key,
    rate,
    values_of,
)

Distance = Callable[[Award], Fraction]
Zero = Fraction(0)


def bound(text: Any, money: bool, world: World) -> Fraction | None:
    """A bound in the measure's unit: a number, an amount, or a share of an envelope's written amount."""
    if text is None:
        return None
    if isinstance(text, dict):
        amounts = {
            node["id"]: node["amount"] for node in _nodes(world.scenario["programme"]) if "amount" in node
        }
        return rate(text["share"]) * Fraction(cents(amounts[text["of_amount"]]), 100)
    return Fraction(cents(text), 100) if money else Fraction(text)


def _nodes(node: dict[str, Any]) -> list[dict[str, Any]]:
    return [node, *(below for child in node.get("envelopes", ()) for below in _nodes(child))]


def outside(value: Fraction, low: Fraction | None, high: Fraction | None) -> Fraction:
    below = Zero if low is None else low - value
    above = Zero if high is None else value - high
    return max(Zero, below, above)


class Rules:
    """The rules of one decision."""

    def __init__(self, world: World, measures: Measures, purse: Purse) -> None:
        self.world, self.measures, self.purse = world, measures, purse
        self.in_play = measures.in_play

    def distance(self, spec: dict[str, Any]) -> Distance:
        """How far an allocation breaks a rule, in the unit that its price is for."""
        found: Distance = getattr(self, f"_{spec['kind']}")(spec)
        return found

    def unit(self, spec: dict[str, Any]) -> bool:
        """Whether distances are euros."""
        if spec["kind"] == "schedule":
            return True
        if spec["kind"] == "linear":
            return bool(spec.get("granted"))
        return spec["kind"] in ("limit", "share", "equity") and self.measures.named(spec["measure"]).money

    def _playing(self, spec: dict[str, Any]) -> list[str]:
        """The dossiers in play that `where` names and that no waiver leaves out."""
        chosen = self.world.chosen(spec.get("where")) - self.world.waived(spec["id"])
        return [name for name in self.in_play if name in chosen]

    def _naming(self, spec: dict[str, Any]) -> list[str]:
        """The dossiers whose values are groups: the eligible ones of the rule, refused by decision or not."""
        chosen = self.world.chosen(spec.get("where")) - self.world.waived(spec["id"])
        return [name for name in self.measures.eligible if name in chosen]

    # ------------------------------------------------------------------------------- sums and shares

    def _linear(self, spec: dict[str, Any]) -> Distance:
        money, waived = bool(spec.get("granted")), self.world.waived(spec["id"])
        low, high = (bound(spec.get(side), money, self.world) for side in ("min", "max"))
        per_euro = {name: Fraction(str(value)) for name, value in spec.get("granted", {}).items()}
        fixed = {name: Fraction(str(value)) for name, value in spec.get("funded", {}).items()}

        def measure(award: Award) -> Fraction:
            held = [name for name in award if name not in waived]
            return sum(
                (per_euro.get(one, Zero) * Fraction(award[one], 100) + fixed.get(one, Zero) for one in held),
                Zero,
            )

        return lambda award: outside(measure(award), low, high)

    def _limit(self, spec: dict[str, Any]) -> Distance:
        measure = self.measures.named(spec["measure"])
        low, high = (bound(spec.get(side), measure.money, self.world) for side in ("min", "max"))
        inside = self._playing(spec)
        if "by" not in spec:
            members = None if spec["measure"] == "changed" else inside
            return lambda award: outside(measure.value(award, members), low, high)
        groups = self.measures.groups(spec["by"], self._naming(spec), spec.get("groups"))
        figures = []
        for everyone in groups.values():
            mine = [name for name in everyone if name in inside]
            floor = low
            if low is not None and spec.get("floor", "demand") == "demand":
                floor = min(low, self.measures.reach(measure, mine))
            figures.append((mine, floor))
        return lambda award: sum(
            (outside(measure.value(award, mine), floor, high) for mine, floor in figures), Zero
        )

    def _share(self, spec: dict[str, Any]) -> Distance:
        above = self.measures.named(spec["measure"])
        below = self.measures.named(spec.get("of_measure", spec["measure"]))
        pooled = spec.get("of") == "all"
        of = self.world.chosen(None if pooled else spec.get("of")) - self.world.waived(spec["id"])
        chosen = self.world.chosen(spec.get("where"))
        whole = [name for name in self.in_play if name in of]
        naming = [name for name in self.measures.eligible if name in of]
        groups = self.measures.groups(spec["by"], naming) if "by" in spec else {"": whole}
        low, high = (rate(spec[side]) if side in spec else None for side in ("min", "max"))

        def broken(award: Award) -> Fraction:
            total = Zero
            for members in groups.values():
                den = below.value(award, whole if pooled else members)
                num = above.value(award, [name for name in members if name in chosen])
                total += outside(
                    num, None if low is None else low * den, None if high is None else high * den
                )
            return total

        return broken

    def _equity(self, spec: dict[str, Any]) -> Distance:
        measure = self.measures.named(spec["measure"])
        unit = Fraction(1, 100) if measure.money else Fraction(1)
        inside = self._playing(spec)
        groups = self.measures.groups(spec["by"], self._naming(spec), spec.get("groups"))
        mine = {group: [name for name in everyone if name in inside] for group, everyone in groups.items()}
        heads = {group: int(UNITS[group]["population"]) for group in groups}
        reach = {group: self.measures.reach(measure, names) for group, names in mine.items()}
        low, high = (rate(spec[side]) if side in spec else None for side in ("min", "max"))

        def broken(award: Award) -> Fraction:
            sums = {group: measure.value(award, names) for group, names in mine.items()}
            total, whole = Zero, sum(heads.values())
            for group, value in sums.items():
                fair = sum(sums.values()) * Fraction(heads[group], whole)
                if low is not None:
                    floor = low * fair if spec.get("floor") == "strict" else min(low * fair, reach[group])
                    total += unit * max(0, _ceil((floor - value) / unit))
                if high is not None:
                    total += unit * max(0, _ceil((value - high * fair) / unit))
            return total

        return broken

    def _schedule(self, spec: dict[str, Any]) -> Distance:
        inside = self._playing(spec)
        years = {name: self._year(spec["year"], name) for name in inside}
        profile = [rate(text) for text in spec.get("profile", ())]
        ceilings: list[tuple[dict[str, Fraction], Fraction]] = []
        for year, text in spec.get("commitments", {}).items():
            weights = {name: Fraction(years[name] == int(year)) for name in inside}
            ceilings.append((weights, Fraction(cents(text))))
        for year, text in spec.get("payments", {}).items():
            delay = {name: int(year) - years[name] for name in inside}
            weights = {name: profile[k] for name, k in delay.items() if 0 <= k < len(profile)}
            ceilings.append((weights, Fraction(cents(text))))
        if "before_end_max" in spec:
            weights = {}
            for name in inside:
                end = self.world.by_name[name].get("end", "")
                before = sum(
                    (w for k, w in enumerate(profile) if end and years[name] + k < int(end[:4])), Zero
                )
                weights[name] = max(Zero, before - rate(spec["before_end_max"]))
            ceilings.append((weights, Zero))
        return lambda award: sum(
            (
                max(Zero, sum((w * award.get(name, 0) for name, w in weights.items()), Zero) - top) / 100
                for weights, top in ceilings
            ),
            Zero,
        )

    def _year(self, year: Any, name: str) -> int:
        if isinstance(year, dict):
            return int(self.world.by_name[name][year["column"]][:4])
        return int(year)

    def _coverage(self, spec: dict[str, Any]) -> Distance:
        units = {
            code: int(unit["population"]) if spec.get("measure") == "population" else 1
            for code, unit in UNITS.items()
            if all(compare((unit | {"code": code})[column], want) for column, want in spec["units"].items())
        }
        total = sum(units.values())
        already: set[str] = set()
        if "already" in spec:
            already = {row["code"] for row in self.world.case["files"][spec["already"]]}
        inside = self._playing(spec)
        named = {
            name: set(listed(self.world.by_name[name][spec["covered_by"]])) & units.keys() for name in inside
        }
        low, high = (_of_total(spec.get(side), total) for side in ("min", "max"))

        def broken(award: Award) -> Fraction:
            held = already.union(*(codes for name, codes in named.items() if name in award)) & units.keys()
            return outside(Fraction(sum(units[code] for code in held)), low, high)

        return broken

    # ------------------------------------------------------------------------------- who goes with whom

    def _members(self, spec: dict[str, Any], *, whole: bool) -> list[list[str]]:
        """The groups of a rule; `whole`: dossiers named one by one count in play or not."""
        chosen = self.world.chosen(spec.get("where")) - self.world.waived(spec["id"])
        if "dossiers" in spec:
            chosen &= set(spec["dossiers"])
        order = [name for name in self.measures.offers if name in chosen]
        playing = [name for name in order if name in self.in_play]
        if "by" not in spec:
            return [order if whole and "dossiers" in spec else playing]
        if spec["by"] in ("members", "tags"):
            found: dict[str, list[str]] = {}
            for name in playing:
                for value in values_of(self.world.by_name[name], spec["by"]):
                    found.setdefault(value, []).append(name)
            return list(found.values())
        return list(self.measures.groups(spec["by"], playing).values())

    def _exclusive(self, spec: dict[str, Any]) -> Distance:
        groups, most = self._members(spec, whole=False), int(spec.get("max", 1))

        def broken(award: Award) -> Fraction:
            """Each two that are funded where one may be, else each dossier too many."""
            held = [sum(name in award for name in group) for group in groups]
            return Fraction(sum(n * (n - 1) // 2 if most == 1 else max(0, n - most) for n in held))

        return broken

    def _together(self, spec: dict[str, Any]) -> Distance:
        groups = self._members(spec, whole=True)

        def broken(award: Award) -> Fraction:
            held = [(sum(name in award for name in group), len(group)) for group in groups]
            return Fraction(sum(n * (size - n) for n, size in held))

        return broken

    def _requires(self, spec: dict[str, Any]) -> Distance:
        need = int(spec.get("at_least", len(spec["need"])))
        heads = [name for name in spec["dossiers"] if name not in self.world.waived(spec["id"])]

        def broken(award: Award) -> Fraction:
            lacking = max(0, need - sum(name in award for name in spec["need"]))
            return Fraction(lacking * sum(name in award for name in heads))

        return broken

    def _order(self, spec: dict[str, Any]) -> Distance:
        free = [name for name in self._playing(spec) if not self.measures.forced(name)]
        if spec.get("skip") == "true":
            return self._queue(spec, free)
        groups = self.measures.groups(spec["by"], free) if "by" in spec else {"": free}
        place = self._places(spec, free)
        pairs = [
            (better, worse)
            for members in groups.values()
            for better in members
            for worse in members
            if better in place and worse in place and place[better] < place[worse]
        ]
        return lambda award: Fraction(sum(worse in award and better not in award for better, worse in pairs))

    def _places(self, spec: dict[str, Any], names: list[str]) -> dict[str, Any]:
        """Where each dossier stands, the best first; none with an empty rank. `ties: rank` tells equals apart."""
        rows = {name: self.world.by_name[name] for name in names}
        if spec.get("ties") == "rank":
            values = self._values(spec, names)
            return {name: (value, rank_key(rows[name], "filed_at")) for name, value in values.items()}
        return self._values(spec, names)

    def _values(self, spec: dict[str, Any], names: list[str]) -> dict[str, Any]:
        rows = {name: self.world.by_name[name] for name in names}
        if "first_come" in spec:
            return {name: rank_key(row, spec["first_come"])[:2] for name, row in rows.items()}
        column, sign = spec["rank"], -1 if spec.get("best") == "high" else 1
        if column in self.world.scenario.get("measures", {}):
            measure = self.measures.named(column)
            return {name: sign * measure.alone(name, 0) for name in names}
        if column in ("filed_at", "end"):
            return {name: instant(row[column]) for name, row in rows.items() if row[column]}
        if column == "population":
            return {name: sign * Fraction(people(row)) for name, row in rows.items()}
        return {name: sign * Fraction(row[column]) for name, row in rows.items() if row[column]}

    def _queue(self, spec: dict[str, Any], free: list[str]) -> Distance:
        """Each envelope has a queue of its own money; the least that a dossier may get must fit at its turn."""
        queues = []
        for node in self.purse.root.walk():
            mine = [name for name in free if self.purse.homes[name] == node.id]
            if not mine or node.own is None:
                continue
            bare = {below.id for kid in node.kids if kid.written is None for below in kid.walk()} | {node.id}
            settled = [n for n in self.in_play if self.measures.forced(n) and self.purse.homes[n] in bare]
            money = self.purse.beyond(node) - sum(self.measures.most(name) for name in settled)
            mine.sort(key=lambda name: rank_key(self.world.by_name[name], spec["first_come"]))
            queues.append((mine, max(0, money)))

        def broken(award: Award) -> Fraction:
            wrong = 0
            for mine, left in queues:
                for name in mine:
                    fits = self.measures.least(name) <= left
                    left -= award.get(name, 0)
                    wrong += left < 0 if name in award else fits
            return Fraction(wrong)

        return broken


def smallest(world: World, measures: Measures, spec: dict[str, Any]) -> Distance:
    """The smallest group's figure, per head where that is asked, exact."""
    measure: Measure = measures.named(spec["measure"])
    chosen = world.chosen(spec.get("where"))
    groups = measures.groups(spec["by"], [n for n in measures.eligible if n in chosen], spec.get("groups"))
    heads = {group: int(UNITS[group]["population"]) if "per" in spec else 1 for group in groups}

    def value(award: Award) -> Fraction:
        found = [measure.value(award, members) / heads[group] for group, members in groups.items()]
        return min(found, default=Fraction(0))

    return value


def _ceil(value: Fraction) -> int:
    return -(-value.numerator // value.denominator)


def _of_total(text: str | None, total: int) -> Fraction | None:
    if text is None:
        return None
    return rate(text) * total if "%" in text else Fraction(text)
