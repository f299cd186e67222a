"""Written by tools/builder_stubs.py from the specifications: python tools/docs.py write."""

from collections.abc import Mapping
from decimal import Decimal
from fractions import Fraction

type Amount = str | int | float | Decimal | Fraction

def maximise(
    measure: str | Mapping[str, object],
    *,
    tolerance: Amount = 0,
    title: str = "",
    source: str = "",
    note: str = "",
    valid: Mapping[str, object] | None = None,
    off: bool = False,
) -> dict[str, object]:
    """Return a goal: as much of a measure as possible.

    Parameters
    ----------
    measure : a measure, or measures with their weights
    tolerance : what the stage gives up for later ones
    title : the name in words: `show` writes it, and pages where they name the entry
    source : where it comes from: law, page, date
    note : a remark; it changes no figure
    valid : when the entry is in force: {from: DAY, until: DAY}, both days included
    off : true: kept and shown, but not applied
    """

def minimise(
    measure: str | Mapping[str, object],
    *,
    tolerance: Amount = 0,
    title: str = "",
    source: str = "",
    note: str = "",
    valid: Mapping[str, object] | None = None,
    off: bool = False,
) -> dict[str, object]:
    """Return a goal: as little of a measure as possible.

    Parameters
    ----------
    measure : a measure, or measures with their weights
    tolerance : what the stage gives up for later ones
    title : the name in words: `show` writes it, and pages where they name the entry
    source : where it comes from: law, page, date
    note : a remark; it changes no figure
    valid : when the entry is in force: {from: DAY, until: DAY}, both days included
    off : true: kept and shown, but not applied
    """

def smallest(
    measure: str,
    *,
    by: str,
    per: str | None = None,
) -> dict[str, object]:
    """Return a measure for `maximise`: that of the group that has the least of another measure.

    Parameters
    ----------
    measure : what is counted
    by : column of the groups
    per : `population`: per head of the map
    """
