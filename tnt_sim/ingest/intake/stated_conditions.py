"""Conditions of a scenario, as it is written, evaluated on one value of one column."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import polars as pl

from tnt_sim.domain.spelling import normalise_text

_THRESHOLDS = {"min", "max", "above", "below", "from", "until", "before", "after"}


def is_excluded(scenario: object, column: str, value: str) -> bool:
    """Return whether a condition excludes for certain the applications with a value in a column.

    Conditions with `where`, on other columns or with tests other than values and empty cells say nothing for
    certain.

    Parameters
    ----------
    scenario : the scenario as mappings, lists and scalars; None for that of `tnt-sim new`, which excludes them
    column : name of the column
    value : the value, "" for an empty cell

    >>> scenario = {"eligibility": [{"id": "avis", "require": {"Avis": {"not": ["Défavorable"]}}}]}
    >>> is_excluded(scenario, "Avis", "défavorable"), is_excluded(scenario, "Avis", "réservé")
    (True, False)
    """
    if scenario is None:
        return True
    entries = scenario.get("eligibility") if isinstance(scenario, Mapping) else None
    return any(
        _evaluate_requirement(entry.get("require"), column, value) is False
        for entry in (entries if isinstance(entries, list | tuple) else ())
        if isinstance(entry, Mapping) and entry.get("where") is None
    )


def _evaluate_requirement(tree: object, column: str, value: str) -> bool | None:
    """Return whether a value meets a requirement, None where it does not decide."""
    if not isinstance(tree, Mapping):
        return None
    return _join_all(_evaluate_entry(str(key), wanted, column, value) for key, wanted in tree.items())


def _evaluate_entry(key: str, wanted: object, column: str, value: str) -> bool | None:
    if key == column:
        judged = _evaluate_value(wanted, value)
        if key != "envelope":
            return judged
        # an envelope stands for those within it, so that only one denied by its own name is certain
        return judged if isinstance(wanted, Mapping) and set(wanted) == {"not"} else None
    listed = wanted if isinstance(wanted, list | tuple) else [wanted]
    if key == "all":
        return _join_all(_evaluate_requirement(one, column, value) for one in listed)
    if key == "any":
        return _invert(_join_all(_invert(_evaluate_requirement(one, column, value)) for one in listed))
    return None


def _evaluate_value(wanted: object, value: str) -> bool | None:
    if isinstance(wanted, Mapping):
        if wanted.get("exact"):
            return None
        return _join_all(_evaluate_test(str(test), one, value) for test, one in wanted.items())
    return _is_among(wanted, value)


def _evaluate_test(test: str, wanted: object, value: str) -> bool | None:
    if test == "empty" and str(wanted).lower() in ("true", "false"):
        return (str(wanted).lower() == "true") is (value == "")
    if test == "in":
        return _is_among(wanted, value)
    if test == "not" and not isinstance(wanted, Mapping):
        return not _is_among(wanted, value) if value else None
    return False if test in _THRESHOLDS and not value else None


def _is_among(wanted: object, value: str) -> bool:
    """Return whether a value is one of those of a test, in any spelling."""
    listed = [str(one) for one in (wanted if isinstance(wanted, list | tuple) else [wanted])]
    keys = pl.DataFrame({"text": [value, *listed]}).select(normalise_text("text")).to_series().to_list()
    return keys[0] in keys[1:]


def _join_all(outcomes: Iterable[bool | None]) -> bool | None:
    judged = list(outcomes)
    return False if False in judged else None if None in judged else True


def _invert(outcome: bool | None) -> bool | None:
    return None if outcome is None else not outcome
