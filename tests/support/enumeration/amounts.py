"""What each dossier of a small case may get, in plain Python: grants, caps over projects, decisions."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

from support.enumeration.rows import Award, Row, World, cents, matches, rate, value_of

END = 10**12
CAPS: dict[str, dict[str, Any]] = {
    "r2334-27": {"max": "80 %", "of": "base", "counting": ["other_state"]},
}
"""The entries of the legal library that cases use, as the contract writes them out."""


def base_cents(row: Row) -> int | None:
    text = row.get("base") or row.get("cost")
    return cents(text) if text else None


def floor(value: Fraction) -> int:
    return value.numerator // value.denominator


def ceil(value: Fraction) -> int:
    return -(-value.numerator // value.denominator)


def money_of(row: Row, limit: Any) -> int | None:
    """An amount, or that of a column; None where it is empty."""
    if isinstance(limit, dict):
        text = row.get(limit["column"], "")
        return cents(text) if text else None
    return cents(limit)


def formula(row: Row, spec: dict[str, Any]) -> int:
    total = cents(spec.get("flat", "0"))
    for part in spec.get("per", ()):
        units = Fraction(row[part["column"]])
        units = min(units, Fraction(part["up_to"])) if "up_to" in part else units
        total += floor(units * cents(part["amount"]))
    return min(total, cents(spec["max"])) if "max" in spec else total


def rated(world: World, row: Row, spec: dict[str, Any]) -> int | None:
    """⌊what `max_rate` and the bonuses allow⌋."""
    base = base_cents(row)
    if base is None or "max_rate" not in spec:
        return None
    if isinstance(spec["max_rate"], dict):
        top, start = Fraction(0), 0
        for bracket in spec["max_rate"]["brackets"]:
            stop = cents(bracket["up_to"]) if "up_to" in bracket else END
            top += rate(bracket["rate"]) * max(0, min(base, stop) - start)
            start = stop
    else:
        top = rate(spec["max_rate"]) * base
    for bonus in spec.get("bonus", ()):
        if matches(row, bonus.get("where"), world.under):
            ceiling = rate(bonus["up_to"]) * base if "up_to" in bonus else Fraction(base)
            top = max(top, min(top + rate(bonus["rate"]) * base, ceiling))
    return floor(top)


def entry_of(world: World, row: Row) -> dict[str, Any]:
    """The first entry of `grants` whose `where` matches."""
    for spec in world.scenario.get("grants", ()):
        if matches(row, spec.get("where"), world.under):
            found: dict[str, Any] = spec
            return found
    return {}


def bounds(world: World, row: Row) -> tuple[int, int, int]:
    """(least, most, unit) before any decision."""
    spec = entry_of(world, row)
    unit = max(1, cents(spec.get("round", "0")))
    tops = [base_cents(row), rated(world, row, spec), project_room(world, row)]
    tops.append(cents(row["requested"]) if row.get("requested") else None)
    tops.append(formula(row, spec["formula"]) if "formula" in spec else None)
    tops.append(money_of(row, spec["max"]) if "max" in spec else None)
    most = min(top for top in tops if top is not None)
    least = cents(row["min_grant"]) if row.get("min_grant") else 0
    if "min" in spec:
        least = max(least, money_of(row, spec["min"]) or 0)
    if "min_rate" in spec:
        least = max(least, ceil(rate(spec["min_rate"]) * (base_cents(row) or 0)))
    return -(-least // unit) * unit, most // unit * unit, unit


def menu(world: World, row: Row) -> list[int | None]:
    """The amount of each level of its entry, None where it does not fit."""
    spec = entry_of(world, row)
    least, most = span(world, row)
    unit = max(1, cents(spec.get("round", "0")))
    found: list[int | None] = []
    for text in spec["levels"]:
        amount = floor(rate(text) * (base_cents(row) or 0)) if "%" in text else cents(text)
        amount = amount // unit * unit
        found.append(amount if amount > 0 and least <= amount <= most else None)
    return found


def span(world: World, row: Row) -> tuple[int, int]:
    least, most, _ = bounds(world, row)
    stated = world.stated.get(row["dossier"])
    return (least, most) if stated is None else (stated, stated)


def amounts(world: World, row: Row) -> list[int]:
    """Every amount that a dossier which is not committed may get; none when it cannot be funded."""
    return [] if world.decided.get(row["dossier"]) == -1 else undecided_amounts(world, row)


def undecided_amounts(world: World, row: Row) -> list[int]:
    """The same, whatever is decided about it."""
    if not world.eligible(row):
        return []
    spec = entry_of(world, row)
    mode = spec.get("mode", "all_or_nothing")
    least, most = span(world, row)
    if most <= 0 or most < least:
        return []
    if mode in ("levels", "common_rate"):
        return sorted({level for level in menu(world, row) if level is not None})
    if mode == "range" and least < most:
        return list(range(least, most + 1, bounds(world, row)[2]))
    return [most]


def options(world: World) -> dict[str, list[int | None]]:
    """What each dossier may get, None for nothing, in order of rank."""
    found: dict[str, list[int | None]] = {}
    for row in world.rows:
        name, held = row["dossier"], world.committed(row)
        if held is not None:
            found[name] = [held]
            continue
        some = amounts(world, row)
        found[name] = [*some] if world.decided.get(name) == 1 else [None, *some]
    return found


# ------------------------------------------------------------------------------------------- caps


def project(row: Row) -> str:
    return row.get("project") or row["dossier"]


def cap_limits(world: World) -> list[dict[str, int]]:
    """For each cap, what the rows of each project may get together."""
    return [*(_limits(world, cap) for cap in world.scenario.get("caps", ())), _within_cost(world)]


def _within_cost(world: World) -> dict[str, int]:
    """What other public aid leaves of each project's cost: no waiver lifts it."""
    found: dict[str, int] = {}
    for name in {project(row) for row in world.rows}:
        rows = [row for row in world.rows if project(row) == name]
        cost = _largest(rows, "cost")
        others = sum(_largest(rows, column) or 0 for column in ("other_state", "other_public"))
        if cost is not None:
            found[name] = cost - others
    return found


def _limits(world: World, spec: Any) -> dict[str, int]:
    spec = {"use": spec} if isinstance(spec, str) else spec
    spec = CAPS.get(spec.get("use", ""), {}) | spec
    lifted = world.waived(spec.get("id", spec.get("use", "")))
    found: dict[str, int] = {}
    for name in {project(row) for row in world.rows}:
        rows = [row for row in world.rows if project(row) == name]
        covered = any(matches(row, spec.get("where"), world.under) for row in rows)
        if not covered or any(row["dossier"] in lifted for row in rows):
            continue
        limit = _limit(spec, rows)
        if limit is not None:
            found[name] = limit - sum(_largest(rows, column) or 0 for column in spec.get("counting", ()))
    return found


def _limit(spec: dict[str, Any], rows: list[Row]) -> int | None:
    if isinstance(spec["max"], dict):
        return _largest(rows, spec["max"]["column"])
    if "%" not in spec["max"]:
        return cents(spec["max"])
    of = _largest(rows, spec.get("of", "base"))
    if of is None:
        return None
    return floor(rate(spec["max"]) * (of - sum(_largest(rows, name) or 0 for name in spec.get("less", ()))))


def _largest(rows: list[Row], column: str) -> int | None:
    """One figure for a project: the largest of its rows."""
    cells = [base_cents(row) if column == "base" else money_of(row, {"column": column}) for row in rows]
    return max((cell for cell in cells if cell is not None), default=None)


def project_room(world: World, row: Row) -> int | None:
    """What caps leave one row alone."""
    mine = project(row)
    held = sum(world.committed(other) or 0 for other in world.rows if project(other) == mine)
    rooms = [limits[mine] - held for limits in cap_limits(world) if mine in limits]
    return min(rooms, default=None)


def caps_hold(world: World, limits: list[dict[str, int]], award: Award) -> bool:
    """No project above a cap by anything but commitments."""
    total: dict[str, int] = {}
    free = set()
    for row in world.rows:
        name = row["dossier"]
        if name in award:
            total[project(row)] = total.get(project(row), 0) + award[name]
            if world.committed(row) is None:
                free.add(project(row))
    return all(total[name] <= limit for one in limits for name, limit in one.items() if name in free)


def equal_treatment(world: World, menus: list[tuple[str, dict[str, list[int | None]]]], award: Award) -> bool:
    """In each group of a common rate, one level explains every funded dossier's amount."""
    for _, members in menus:
        held = [(award[name], levels) for name, levels in members.items() if name in award]
        if held and not any(
            all(levels[k] == amount for amount, levels in held) for k in range(len(held[0][1]))
        ):
            return False
    return True


def common_groups(world: World) -> list[tuple[str, dict[str, list[int | None]]]]:
    """(group, dossier → its levels) of every entry with a common rate."""
    found: dict[tuple[int, str], dict[str, list[int | None]]] = {}
    for row in world.rows:
        spec = entry_of(world, row)
        if spec.get("mode") != "common_rate" or world.committed(row) is not None or not amounts(world, row):
            continue
        group = value_of(row, spec["by"])
        if group:
            found.setdefault((id(spec), group), {})[row["dossier"]] = menu(world, row)
    return [(group, members) for (_, group), members in found.items()]
