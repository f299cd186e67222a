"""Builders of the rule kinds for Python users: `tnt.rules.limit(measure="granted", by="department", max="1 M€")`.

Each returns the mapping that stands for the rule in a scenario file, without the keys that keep their default.
`tests/rules/kinds/test_builders.py` compares names, defaults and types with the specification of each kind.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from fractions import Fraction
from typing import Literal

type Rule = dict[str, object]
"""A rule as a mapping. Every kind has these keys besides its own:

id : the short name, by which `with_` and messages name it. `from_frame` gives one where it is missing
title, note, source : texts about it
valid : `{"from": DAY, "until": DAY}`, both days included
off : kept and shown, but not applied
penalty : the price of not keeping it, `{"cost": …, "per": …, "stage": …}`. Without it the rule is hard
report : only read and shown
"""
type Amount = str | int | float | Decimal | Fraction
"""An amount ("1 M€"), a number, or a rate ("25 %")."""
type Bound = Amount | Mapping[str, object]
"""An amount, or a share of an envelope's amount: `{"share": "20 %", "of_amount": "programme"}`."""
type Conditions = Mapping[str, object]
"""Conditions by column, such as `{"applicant_type": "commune"}`."""

_FLAGS = frozenset({"off", "report"})
"""Keys that are false unless they are written."""


def _build(kind: str, values: Mapping[str, object]) -> Rule:
    """Return the rule with the keys that are not left at their default."""
    written = {
        key: value
        for key, value in values.items()
        if value is not None and value not in ("", ()) and not (value is False and key in _FLAGS)
    }
    identity = {"id": written.pop("id")} if "id" in written else {}
    return {**identity, "kind": kind, **written}


def limit(
    *,
    measure: str,
    where: Conditions | None = None,
    by: str | Sequence[str] | None = None,
    groups: Literal["map", "present"] | Sequence[str] | None = None,
    min: Bound | None = None,
    max: Bound | None = None,
    floor: Literal["demand", "strict"] | None = None,
    id: str | None = None,
    title: str = "",
    note: str = "",
    source: str = "",
    valid: Mapping[str, str] | None = None,
    off: bool = False,
    penalty: Mapping[str, Amount] | None = None,
    report: bool = False,
) -> Rule:
    """Return a rule: keep a measure between two bounds, in all or in each group of `by`.

    Parameters
    ----------
    measure : what is counted: granted, dossiers, population, inhabitants, or a column of numbers
    where : the applications concerned, all without it
    by : one rule for each value of this column, or of several
    groups : the groups that count: present (the default), those with an eligible or committed application among
        those concerned, even one refused by decision. Or map, these and all of the map, or a list, and these alone
    min : the least allowed
    max : the most allowed
    floor : demand: a group's minimum is at most what its applications can take, strict: never lowered
    id, title, note, source, valid, off, penalty, report : see `Rule`

    Examples
    --------
    >>> rule = tnt.rules.limit(id="r", measure="granted", by="department", max="400 k€")
    >>> scenario.with_({"rules": [rule]}).solve().document["n_funded"]
    17
    """
    return _build(
        "limit",
        {
            "measure": measure,
            "where": where,
            "by": by,
            "groups": groups,
            "min": min,
            "max": max,
            "floor": floor,
            "id": id,
            "title": title,
            "note": note,
            "source": source,
            "valid": valid,
            "off": off,
            "penalty": penalty,
            "report": report,
        },
    )


def share(
    *,
    measure: str,
    of_measure: str | None = None,
    where: Conditions | None = None,
    of: Conditions | Literal["all"] | None = None,
    by: str | Sequence[str] | None = None,
    min: Amount | None = None,
    max: Amount | None = None,
    id: str | None = None,
    title: str = "",
    note: str = "",
    source: str = "",
    valid: Mapping[str, str] | None = None,
    off: bool = False,
    penalty: Mapping[str, Amount] | None = None,
    report: bool = False,
) -> Rule:
    """Return a rule: keep the share of some applications in a measure between two rates.

    Parameters
    ----------
    measure : what is counted: granted, dossiers, population, inhabitants, or a column of numbers
    of_measure : another measure for the denominator
    where : the numerator
    of : the denominator, all that are funded without it, all: with by, those of all groups together
    by : one rule for each value of this column, or of several
    min : the least allowed
    max : the most allowed
    id, title, note, source, valid, off, penalty, report : see `Rule`

    Examples
    --------
    >>> rule = tnt.rules.share(id="r", measure="granted", where={"envelope": "mobilites"}, min="25 %")
    >>> scenario.with_({"rules": [rule]}).solve().document["n_funded"]
    17
    """
    return _build(
        "share",
        {
            "measure": measure,
            "of_measure": of_measure,
            "where": where,
            "of": of,
            "by": by,
            "min": min,
            "max": max,
            "id": id,
            "title": title,
            "note": note,
            "source": source,
            "valid": valid,
            "off": off,
            "penalty": penalty,
            "report": report,
        },
    )


def decide(
    *,
    fund: Sequence[str] = (),
    refuse: Sequence[str] = (),
    amounts: Mapping[str, Amount] | None = None,
    reason: str = "",
    author: str = "",
    id: str | None = None,
    title: str = "",
    note: str = "",
    source: str = "",
    valid: Mapping[str, str] | None = None,
    off: bool = False,
) -> Rule:
    """Return a rule: decide applications by hand, with the reason and the author.

    Parameters
    ----------
    fund : the applications that are funded
    refuse : the applications that are refused
    amounts : amounts that are set, by application
    reason : why, in words: explanations repeat them
    author : who decided it
    id, title, note, source, valid, off : see `Rule`

    Examples
    --------
    >>> rule = tnt.rules.decide(id="r", fund=["E-02"], reason="arbitration", author="the prefect")
    >>> scenario.with_({"rules": [rule]}).solve().document["n_funded"]
    17
    """
    return _build(
        "decide",
        {
            "fund": fund,
            "refuse": refuse,
            "amounts": amounts,
            "reason": reason,
            "author": author,
            "id": id,
            "title": title,
            "note": note,
            "source": source,
            "valid": valid,
            "off": off,
        },
    )


def coverage(
    *,
    units: Conditions,
    covered_by: str,
    where: Conditions | None = None,
    already: str | None = None,
    measure: Literal["units", "population"] = "units",
    min: Amount | None = None,
    max: Amount | None = None,
    id: str | None = None,
    title: str = "",
    note: str = "",
    source: str = "",
    valid: Mapping[str, str] | None = None,
    off: bool = False,
    penalty: Mapping[str, Amount] | None = None,
    report: bool = False,
) -> Rule:
    """Return a rule: reach enough of the territories of the map.

    Parameters
    ----------
    units : the territories to be reached, of the map
    covered_by : the column that names an application's territory
    where : the applications concerned, all without it
    already : a file of those that are reached already
    measure : units (territories) or population
    min : the least allowed
    max : the most allowed
    id, title, note, source, valid, off, penalty, report : see `Rule`

    Examples
    --------
    >>> rule = tnt.rules.coverage(id="r", units={"type": "departement"}, covered_by="department", min="2 %")
    >>> scenario.with_({"territory": {"year": 2021}, "rules": [rule]}).solve().document["n_funded"]
    17
    """
    return _build(
        "coverage",
        {
            "units": units,
            "covered_by": covered_by,
            "where": where,
            "already": already,
            "measure": measure,
            "min": min,
            "max": max,
            "id": id,
            "title": title,
            "note": note,
            "source": source,
            "valid": valid,
            "off": off,
            "penalty": penalty,
            "report": report,
        },
    )


def exclusive(
    *,
    dossiers: Sequence[str] | None = None,
    by: str | Sequence[str] | None = None,
    where: Conditions | None = None,
    max: int = 1,
    id: str | None = None,
    title: str = "",
    note: str = "",
    source: str = "",
    valid: Mapping[str, str] | None = None,
    off: bool = False,
    penalty: Mapping[str, Amount] | None = None,
    report: bool = False,
) -> Rule:
    """Return a rule: fund at most `max` of some applications.

    Parameters
    ----------
    dossiers : the applications, by number
    by : one rule for each value of this column, or of several
    where : the applications concerned, all without it
    max : how many may be funded, 1 without it
    id, title, note, source, valid, off, penalty, report : see `Rule`

    Examples
    --------
    >>> rule = tnt.rules.exclusive(id="r", dossiers=["E-01", "E-02"])
    >>> scenario.with_({"rules": [rule]}).solve().document["n_funded"]
    16
    """
    return _build(
        "exclusive",
        {
            "dossiers": dossiers,
            "by": by,
            "where": where,
            "max": max,
            "id": id,
            "title": title,
            "note": note,
            "source": source,
            "valid": valid,
            "off": off,
            "penalty": penalty,
            "report": report,
        },
    )


def requires(
    *,
    dossiers: Sequence[str],
    need: Sequence[str],
    at_least: int | None = None,
    id: str | None = None,
    title: str = "",
    note: str = "",
    source: str = "",
    valid: Mapping[str, str] | None = None,
    off: bool = False,
    penalty: Mapping[str, Amount] | None = None,
    report: bool = False,
) -> Rule:
    """Return a rule: fund an application only with others that it needs.

    Parameters
    ----------
    dossiers : the applications, by number
    need : those that are needed
    at_least : how many of them, all without it
    id, title, note, source, valid, off, penalty, report : see `Rule`

    Examples
    --------
    >>> rule = tnt.rules.requires(id="r", dossiers=["E-03"], need=["E-01", "E-02"], at_least=1)
    >>> scenario.with_({"rules": [rule]}).solve().document["n_funded"]
    17
    """
    return _build(
        "requires",
        {
            "dossiers": dossiers,
            "need": need,
            "at_least": at_least,
            "id": id,
            "title": title,
            "note": note,
            "source": source,
            "valid": valid,
            "off": off,
            "penalty": penalty,
            "report": report,
        },
    )


def together(
    *,
    dossiers: Sequence[str] | None = None,
    by: str | Sequence[str] | None = None,
    where: Conditions | None = None,
    id: str | None = None,
    title: str = "",
    note: str = "",
    source: str = "",
    valid: Mapping[str, str] | None = None,
    off: bool = False,
    penalty: Mapping[str, Amount] | None = None,
    report: bool = False,
) -> Rule:
    """Return a rule: fund all applications of a group, or none.

    Parameters
    ----------
    dossiers : the applications, by number
    by : one rule for each value of this column, or of several
    where : the applications concerned, all without it
    id, title, note, source, valid, off, penalty, report : see `Rule`

    Examples
    --------
    >>> rule = tnt.rules.together(id="r", dossiers=["E-01", "E-02"])
    >>> scenario.with_({"rules": [rule]}).solve().document["n_funded"]
    17
    """
    return _build(
        "together",
        {
            "dossiers": dossiers,
            "by": by,
            "where": where,
            "id": id,
            "title": title,
            "note": note,
            "source": source,
            "valid": valid,
            "off": off,
            "penalty": penalty,
            "report": report,
        },
    )


def order(
    *,
    where: Conditions | None = None,
    by: str | Sequence[str] | None = None,
    rank: str | None = None,
    best: Literal["high", "low"] | None = None,
    first_come: str | None = None,
    skip: bool | None = None,
    ties: Literal["free", "rank"] | None = None,
    id: str | None = None,
    title: str = "",
    note: str = "",
    source: str = "",
    valid: Mapping[str, str] | None = None,
    off: bool = False,
    penalty: Mapping[str, Amount] | None = None,
    report: bool = False,
) -> Rule:
    """Return a rule: follow a rank or the order of filing.

    Parameters
    ----------
    where : the applications concerned, all without it
    by : one order for each value of this column
    rank : the column of the rank
    best : low: the smallest first, high: the greatest
    first_come : first come, first served, by this column
    skip : true: passes one that is too large, false: stops there
    ties : free (the default): equal applications are not ordered among themselves, rank: the first filed goes
        first, then the smallest number (always with skip: true)
    id, title, note, source, valid, off, penalty, report : see `Rule`

    Examples
    --------
    >>> rule = tnt.rules.order(id="r", where={"envelope": "mobilites"}, rank="score", best="high")
    >>> scenario.with_({"rules": [rule]}).solve().document["n_funded"]
    17
    """
    return _build(
        "order",
        {
            "where": where,
            "by": by,
            "rank": rank,
            "best": best,
            "first_come": first_come,
            "skip": skip,
            "ties": ties,
            "id": id,
            "title": title,
            "note": note,
            "source": source,
            "valid": valid,
            "off": off,
            "penalty": penalty,
            "report": report,
        },
    )


def schedule(
    *,
    year: int | Mapping[str, str],
    where: Conditions | None = None,
    commitments: Mapping[int, Amount] | None = None,
    profile: Sequence[Amount] = (),
    payments: Mapping[int, Amount] | None = None,
    advance_max: Amount | None = None,
    before_end_max: Amount | None = None,
    id: str | None = None,
    title: str = "",
    note: str = "",
    source: str = "",
    valid: Mapping[str, str] | None = None,
    off: bool = False,
    penalty: Mapping[str, Amount] | None = None,
    report: bool = False,
) -> Rule:
    """Return a rule: keep commitments and payments within each year.

    Parameters
    ----------
    year : the year of the decision: a number, or {column: …}
    where : the applications concerned, all without it
    commitments : commitments allowed, year by year
    profile : the shares paid in the first year, the next…
    payments : payments allowed, year by year
    advance_max : the share of the first year, at most
    before_end_max : the share paid before the year of the end, at most
    id, title, note, source, valid, off, penalty, report : see `Rule`

    Examples
    --------
    >>> rule = tnt.rules.schedule(id="r", year=2026, commitments={2026: "1 M€"})
    >>> scenario.with_({"rules": [rule]}).solve().document["n_funded"]
    17
    """
    return _build(
        "schedule",
        {
            "year": year,
            "where": where,
            "commitments": commitments,
            "profile": profile,
            "payments": payments,
            "advance_max": advance_max,
            "before_end_max": before_end_max,
            "id": id,
            "title": title,
            "note": note,
            "source": source,
            "valid": valid,
            "off": off,
            "penalty": penalty,
            "report": report,
        },
    )


def equity(
    *,
    measure: str,
    by: str,
    per: Literal["population"] = "population",
    groups: Literal["map", "present"] | Sequence[str] | None = None,
    where: Conditions | None = None,
    min: Amount | None = None,
    max: Amount | None = None,
    floor: Literal["demand", "strict"] = "demand",
    id: str | None = None,
    title: str = "",
    note: str = "",
    source: str = "",
    valid: Mapping[str, str] | None = None,
    off: bool = False,
    penalty: Mapping[str, Amount] | None = None,
    report: bool = False,
) -> Rule:
    """Return a rule: keep each territory's money per head near the mean.

    Parameters
    ----------
    measure : what is counted: granted, dossiers, population, inhabitants, or a column of numbers
    by : one rule for each value of this column, or of several
    per : per head, by the map
    groups : the groups that count: present (the default), those with an eligible or committed application among
        those concerned, even one refused by decision. Or map, these and all of the map, or a list, and these alone
    where : the applications concerned, all without it
    min : a group's mean per head, as a share of that of all
    max : the same, at most
    floor : demand: a group's minimum is at most what its applications can take, strict: never lowered
    id, title, note, source, valid, off, penalty, report : see `Rule`

    Examples
    --------
    >>> rule = tnt.rules.equity(id="r", measure="granted", by="department", groups="present", max="500 %")
    >>> scenario.with_({"territory": {"year": 2021}, "rules": [rule]}).solve().document["n_funded"]
    17
    """
    return _build(
        "equity",
        {
            "measure": measure,
            "by": by,
            "per": per,
            "groups": groups,
            "where": where,
            "min": min,
            "max": max,
            "floor": floor,
            "id": id,
            "title": title,
            "note": note,
            "source": source,
            "valid": valid,
            "off": off,
            "penalty": penalty,
            "report": report,
        },
    )


def linear(
    *,
    granted: Mapping[str, Amount] | None = None,
    funded: Mapping[str, Amount] | None = None,
    min: Amount | None = None,
    max: Amount | None = None,
    id: str | None = None,
    title: str = "",
    note: str = "",
    source: str = "",
    valid: Mapping[str, str] | None = None,
    off: bool = False,
    penalty: Mapping[str, Amount] | None = None,
    report: bool = False,
) -> Rule:
    """Return a rule: a weighted sum over named applications lies between bounds.

    Parameters
    ----------
    granted : coefficient of the amount granted to each application, in euros
    funded : coefficient of each application that is funded
    min, max : the bounds
    id, title, note, source, valid, off, penalty, report : see `Rule`

    Examples
    --------
    >>> rule = tnt.rules.linear(id="r", granted={"E-01": 1, "E-02": 1}, max="100 k€")
    >>> scenario.with_({"rules": [rule]}).solve().proof.value
    'PROVED'
    """
    return _build(
        "linear",
        {
            "granted": granted,
            "funded": funded,
            "min": min,
            "max": max,
            "id": id,
            "title": title,
            "note": note,
            "source": source,
            "valid": valid,
            "off": off,
            "penalty": penalty,
            "report": report,
        },
    )
