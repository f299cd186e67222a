"""Written by tools/builder_stubs.py from the specifications: python tools/docs.py write."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from fractions import Fraction
from typing import Literal

type Amount = str | int | float | Decimal | Fraction

def coverage(
    *,
    units: Mapping[str, object],
    covered_by: str,
    where: Mapping[str, object] | None = None,
    already: str | None = None,
    measure: Literal["units", "population"] = "units",
    min: Amount | None = None,
    max: Amount | None = None,
    title: str = "",
    source: str = "",
    note: str = "",
    valid: Mapping[str, object] | None = None,
    off: bool = False,
    id: str | None = None,
    penalty: Mapping[str, object] | None = None,
    report: bool = False,
) -> dict[str, object]:
    """Return a rule `coverage`: units of the map that funded applications must reach.

    Parameters
    ----------
    units : the territories to be reached, of the map
    covered_by : the column that names an application's territory
    where : the applications concerned; all without it
    already : a file of those that are reached already
    measure : units (territories) or population
    min : the least allowed
    max : the most allowed
    title : the name in words: `show` writes it, and pages where they name the entry
    source : where it comes from: law, page, date
    note : a remark; it changes no figure
    valid : when the entry is in force: {from: DAY, until: DAY}, both days included
    off : true: kept and shown, but not applied
    id : the short name, unique, that --set and messages use
    penalty : the price of not keeping it: {cost, per, stage}; without it the rule is hard
    report : true: the rule is only read and shown
    """

def decide(
    *,
    id: str | None = None,
    fund: Sequence[str] = (),
    refuse: Sequence[str] = (),
    amounts: Mapping[str, object] | None = None,
    reason: str = "",
    author: str = "",
    title: str = "",
    source: str = "",
    note: str = "",
    valid: Mapping[str, object] | None = None,
    off: bool = False,
) -> dict[str, object]:
    """Return a rule `decide`: a decision on named applications.

    Parameters
    ----------
    id : the short name, unique, that --set and messages use
    fund : the applications that are funded
    refuse : the applications that are refused
    amounts : amounts that are set, by application
    reason : why, in words: explanations repeat them
    author : who decided it
    title : the name in words: `show` writes it, and pages where they name the entry
    source : where it comes from: law, page, date
    note : a remark; it changes no figure
    valid : when the entry is in force: {from: DAY, until: DAY}, both days included
    off : true: kept and shown, but not applied
    """

def equity(
    *,
    measure: str,
    per: Literal["population"] = "population",
    by: str,
    groups: Literal["map", "present"] | Sequence[str] | None = None,
    where: Mapping[str, object] | None = None,
    min: Amount | None = None,
    max: Amount | None = None,
    floor: Literal["demand", "strict"] = "demand",
    title: str = "",
    source: str = "",
    note: str = "",
    valid: Mapping[str, object] | None = None,
    off: bool = False,
    id: str | None = None,
    penalty: Mapping[str, object] | None = None,
    report: bool = False,
) -> dict[str, object]:
    """Return a rule `equity`: a measure per head that must not differ too much from one group to the next.

    Parameters
    ----------
    measure : what is counted: granted, dossiers, population, inhabitants, or a column of numbers
    per : per head, by the map
    by : one rule for each value of this column, or of several
    groups : the groups that count: present (the default), those with an eligible or committed
        application among those concerned, even one refused by decision; map, these and all of the map;
        or a list, and these alone
    where : the applications concerned; all without it
    min : a group's mean per head, as a share of that of all
    max : the same, at most
    floor : demand: a group's minimum is at most what its applications can take; strict: never lowered
    title : the name in words: `show` writes it, and pages where they name the entry
    source : where it comes from: law, page, date
    note : a remark; it changes no figure
    valid : when the entry is in force: {from: DAY, until: DAY}, both days included
    off : true: kept and shown, but not applied
    id : the short name, unique, that --set and messages use
    penalty : the price of not keeping it: {cost, per, stage}; without it the rule is hard
    report : true: the rule is only read and shown
    """

def exclusive(
    *,
    dossiers: Sequence[str] | None = None,
    by: str | Sequence[str] | None = None,
    where: Mapping[str, object] | None = None,
    max: Amount = 1,
    title: str = "",
    source: str = "",
    note: str = "",
    valid: Mapping[str, object] | None = None,
    off: bool = False,
    id: str | None = None,
    penalty: Mapping[str, object] | None = None,
    report: bool = False,
) -> dict[str, object]:
    """Return a rule `exclusive`: at most `max` funded among the named applications, or in each group of a
    column.

    Parameters
    ----------
    dossiers : the applications, by number
    by : one rule for each value of this column, or of several
    where : the applications concerned; all without it
    max : how many may be funded; 1 without it
    title : the name in words: `show` writes it, and pages where they name the entry
    source : where it comes from: law, page, date
    note : a remark; it changes no figure
    valid : when the entry is in force: {from: DAY, until: DAY}, both days included
    off : true: kept and shown, but not applied
    id : the short name, unique, that --set and messages use
    penalty : the price of not keeping it: {cost, per, stage}; without it the rule is hard
    report : true: the rule is only read and shown
    """

def limit(
    *,
    measure: str,
    where: Mapping[str, object] | None = None,
    by: str | Sequence[str] | None = None,
    groups: Literal["map", "present"] | Sequence[str] | None = None,
    min: Amount | Mapping[str, object] | None = None,
    max: Amount | Mapping[str, object] | None = None,
    floor: Literal["demand", "strict"] | None = None,
    title: str = "",
    source: str = "",
    note: str = "",
    valid: Mapping[str, object] | None = None,
    off: bool = False,
    id: str | None = None,
    penalty: Mapping[str, object] | None = None,
    report: bool = False,
) -> dict[str, object]:
    """Return a rule `limit`: a measure between bounds, in all or by group.

    Parameters
    ----------
    measure : what is counted: granted, dossiers, population, inhabitants, or a column of numbers
    where : the applications concerned; all without it
    by : one rule for each value of this column, or of several
    groups : the groups that count: present (the default), those with an eligible or committed
        application among those concerned, even one refused by decision; map, these and all of the map;
        or a list, and these alone
    min : the least allowed
    max : the most allowed
    floor : demand: a group's minimum is at most what its applications can take; strict: never lowered
    title : the name in words: `show` writes it, and pages where they name the entry
    source : where it comes from: law, page, date
    note : a remark; it changes no figure
    valid : when the entry is in force: {from: DAY, until: DAY}, both days included
    off : true: kept and shown, but not applied
    id : the short name, unique, that --set and messages use
    penalty : the price of not keeping it: {cost, per, stage}; without it the rule is hard
    report : true: the rule is only read and shown
    """

def linear(
    *,
    granted: Mapping[str, object] | None = None,
    funded: Mapping[str, object] | None = None,
    min: Amount | None = None,
    max: Amount | None = None,
    title: str = "",
    source: str = "",
    note: str = "",
    valid: Mapping[str, object] | None = None,
    off: bool = False,
    id: str | None = None,
    penalty: Mapping[str, object] | None = None,
    report: bool = False,
) -> dict[str, object]:
    """Return a rule `linear`: a weighted sum of amounts and decisions of named applications between
    bounds.

    Parameters
    ----------
    granted : coefficient of the amount granted to each application, in euros
    funded : coefficient of each application that is funded
    min : the least allowed
    max : the most allowed
    title : the name in words: `show` writes it, and pages where they name the entry
    source : where it comes from: law, page, date
    note : a remark; it changes no figure
    valid : when the entry is in force: {from: DAY, until: DAY}, both days included
    off : true: kept and shown, but not applied
    id : the short name, unique, that --set and messages use
    penalty : the price of not keeping it: {cost, per, stage}; without it the rule is hard
    report : true: the rule is only read and shown
    """

def order(
    *,
    where: Mapping[str, object] | None = None,
    by: str | Sequence[str] | None = None,
    rank: str | None = None,
    best: Literal["high", "low"] | None = None,
    first_come: str | None = None,
    skip: bool | None = None,
    ties: Literal["free", "rank"] | None = None,
    title: str = "",
    source: str = "",
    note: str = "",
    valid: Mapping[str, object] | None = None,
    off: bool = False,
    id: str | None = None,
    penalty: Mapping[str, object] | None = None,
    report: bool = False,
) -> dict[str, object]:
    """Return a rule `order`: better applications first, by a column; or first come, first served.

    Parameters
    ----------
    where : the applications concerned; all without it
    by : one order for each value of this column
    rank : the column of the rank
    best : low: the smallest first; high: the greatest
    first_come : first come, first served, by this column
    skip : true: passes one that does not fit; false: stops there
    ties : free (the default): equal applications are not ordered among themselves; rank: the first
        filed goes first, then the smallest number (always with skip: true)
    title : the name in words: `show` writes it, and pages where they name the entry
    source : where it comes from: law, page, date
    note : a remark; it changes no figure
    valid : when the entry is in force: {from: DAY, until: DAY}, both days included
    off : true: kept and shown, but not applied
    id : the short name, unique, that --set and messages use
    penalty : the price of not keeping it: {cost, per, stage}; without it the rule is hard
    report : true: the rule is only read and shown
    """

def requires(
    *,
    dossiers: Sequence[str],
    need: Sequence[str],
    at_least: Amount | None = None,
    title: str = "",
    source: str = "",
    note: str = "",
    valid: Mapping[str, object] | None = None,
    off: bool = False,
    id: str | None = None,
    penalty: Mapping[str, object] | None = None,
    report: bool = False,
) -> dict[str, object]:
    """Return a rule `requires`: each of the applications is funded only with `at_least` of those that it
    needs: all by default.

    Parameters
    ----------
    dossiers : the applications, by number
    need : those that are needed
    at_least : how many of them; all without it
    title : the name in words: `show` writes it, and pages where they name the entry
    source : where it comes from: law, page, date
    note : a remark; it changes no figure
    valid : when the entry is in force: {from: DAY, until: DAY}, both days included
    off : true: kept and shown, but not applied
    id : the short name, unique, that --set and messages use
    penalty : the price of not keeping it: {cost, per, stage}; without it the rule is hard
    report : true: the rule is only read and shown
    """

def schedule(
    *,
    year: Mapping[str, object] | Amount,
    where: Mapping[str, object] | None = None,
    commitments: Mapping[str, object] | None = None,
    profile: Sequence[Amount] = (),
    payments: Mapping[str, object] | None = None,
    advance_max: Amount | None = None,
    before_end_max: Amount | None = None,
    title: str = "",
    source: str = "",
    note: str = "",
    valid: Mapping[str, object] | None = None,
    off: bool = False,
    id: str | None = None,
    penalty: Mapping[str, object] | None = None,
    report: bool = False,
) -> dict[str, object]:
    """Return a rule `schedule`: commitments and payments year by year.

    Parameters
    ----------
    year : the year of the decision: a number, or {column: …}
    where : the applications concerned; all without it
    commitments : commitments allowed, year by year
    profile : the shares paid in the first year, the next…
    payments : payments allowed, year by year
    advance_max : the share of the first year, at most
    before_end_max : the share paid before the year of the end, at most
    title : the name in words: `show` writes it, and pages where they name the entry
    source : where it comes from: law, page, date
    note : a remark; it changes no figure
    valid : when the entry is in force: {from: DAY, until: DAY}, both days included
    off : true: kept and shown, but not applied
    id : the short name, unique, that --set and messages use
    penalty : the price of not keeping it: {cost, per, stage}; without it the rule is hard
    report : true: the rule is only read and shown
    """

def share(
    *,
    measure: str,
    of_measure: str | None = None,
    where: Mapping[str, object] | None = None,
    of: Literal["all"] | Mapping[str, object] | None = None,
    by: str | Sequence[str] | None = None,
    min: Amount | None = None,
    max: Amount | None = None,
    title: str = "",
    source: str = "",
    note: str = "",
    valid: Mapping[str, object] | None = None,
    off: bool = False,
    id: str | None = None,
    penalty: Mapping[str, object] | None = None,
    report: bool = False,
) -> dict[str, object]:
    """Return a rule `share`: a share between bounds, in all or by group.

    Parameters
    ----------
    measure : what is counted: granted, dossiers, population, inhabitants, or a column of numbers
    of_measure : another measure for the denominator
    where : the numerator
    of : the denominator; all that are funded without it; all: with by, those of all groups together
    by : one rule for each value of this column, or of several
    min : the least allowed
    max : the most allowed
    title : the name in words: `show` writes it, and pages where they name the entry
    source : where it comes from: law, page, date
    note : a remark; it changes no figure
    valid : when the entry is in force: {from: DAY, until: DAY}, both days included
    off : true: kept and shown, but not applied
    id : the short name, unique, that --set and messages use
    penalty : the price of not keeping it: {cost, per, stage}; without it the rule is hard
    report : true: the rule is only read and shown
    """

def together(
    *,
    dossiers: Sequence[str] | None = None,
    by: str | Sequence[str] | None = None,
    where: Mapping[str, object] | None = None,
    title: str = "",
    source: str = "",
    note: str = "",
    valid: Mapping[str, object] | None = None,
    off: bool = False,
    id: str | None = None,
    penalty: Mapping[str, object] | None = None,
    report: bool = False,
) -> dict[str, object]:
    """Return a rule `together`: all of the applications or none, named or in each group of a column.

    Parameters
    ----------
    dossiers : the applications, by number
    by : one rule for each value of this column, or of several
    where : the applications concerned; all without it
    title : the name in words: `show` writes it, and pages where they name the entry
    source : where it comes from: law, page, date
    note : a remark; it changes no figure
    valid : when the entry is in force: {from: DAY, until: DAY}, both days included
    off : true: kept and shown, but not applied
    id : the short name, unique, that --set and messages use
    penalty : the price of not keeping it: {cost, per, stage}; without it the rule is hard
    report : true: the rule is only read and shown
    """

__all__ = [
    "coverage",
    "decide",
    "equity",
    "exclusive",
    "limit",
    "linear",
    "order",
    "requires",
    "schedule",
    "share",
    "together",
]
