"""Fit cost overruns: a lognormal factor for each type of applicant, from planned and realised amounts.

With r = realised / planned, log r has mean m and standard deviation s; the factor has median e^m
and sigma s. The fit is measured by the Kolmogorov–Smirnov distance and by the p-value of the
Anderson–Darling test with both parameters estimated. A type with few pairs takes the distribution
of all pairs.

Source: M. A. Stephens, in R. B. D'Agostino and M. A. Stephens (eds), *Goodness-of-Fit Techniques*
(1986), table 4.9, case 3.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray

from tnt_sim.domain.money import MoneyError, parse_cents_series
from tnt_sim.errors import DataError, Defect, Defects, Place, suggest_name
from tnt_sim.i18n.message import _, _n
from tnt_sim.i18n.parameters import Count
from tnt_sim.ingest.portfolio_reader import read_plain
from tnt_sim.ingest.tables.headers import SYNONYMS, derive_names
from tnt_sim.rules.expressions.values import merge_values
from tnt_sim.verify.run_files import hash_file

FloatArray = NDArray[np.float64]
LEAST_PAIRS = 30
"""Fewest pairs for a distribution of their own."""
QUANTILES = (0.05, 0.5, 0.95)
FAR = 10.0
"""Ratios above this, or below its inverse, are reported."""
REALISED = ("realised", "cout reel", "cout realise", "cout final", "montant realise", "depense realisee",
            "cout revise", "final cost", "realised cost", "actual cost")  # fmt: skip


@dataclass(frozen=True, slots=True)
class Law:
    """Fitted lognormal factor.

    Attributes
    ----------
    n : number of pairs
    median, sigma : parameters; sigma is 0 if all ratios are equal
    median_range : 95 % confidence interval of the median
    measured, fitted : quantiles of the ratios and of the distribution, at `QUANTILES`
    gap : Kolmogorov–Smirnov distance
    p_value : of the Anderson–Darling test, small for a poor fit; None without dispersion
    n_same : pairs with equal amounts
    n_far : ratios above `FAR` or below its inverse
    """

    n: int
    median: float
    sigma: float
    median_range: tuple[float, float]
    measured: tuple[float, ...]
    fitted: tuple[float, ...]
    gap: float
    p_value: float | None
    n_same: int
    n_far: int


@dataclass(frozen=True, slots=True)
class Fit:
    """Distributions fitted to a table.

    Attributes
    ----------
    whole : of all pairs; used for the types in `small` and for types that are not in the table
    laws : by type, for types with at least `LEAST_PAIRS` pairs
    small : number of pairs of the other types
    n_open : rows without a realised amount, left out
    n_nothing : rows with a realised or planned amount of 0, left out
    """

    file: str
    sha256: str
    planned: str
    realised: str
    by: str | None
    whole: Law
    laws: dict[str, Law]
    small: dict[str, int]
    n_open: int
    n_nothing: int


def fit_table(path: Path, planned: str = "cost", realised: str = "realised", by: str | None = None) -> Fit:
    """Fit the distributions of a table, by a column or for all rows together.

    Parameters
    ----------
    planned, realised : columns of the amounts, by name or usual synonym
    by : column of the types

    Raises
    ------
    DataError
        If the table cannot be read, a column is missing, a cell is not an amount, or there are too
        few pairs.
    """
    table, defects = read_plain(path, shown_as=path.name), Defects()
    names = [
        _find_header(table, path, wanted, defects) for wanted in (planned, realised, *([by] if by else []))
    ]
    defects.raise_if_any(DataError)
    before, after = (_parse_cents(table, str(name), path, defects) for name in names[:2])
    defects.raise_if_any(DataError)
    nothing = ((before == 0) | (after == 0)).fill_null(value=False)
    paired = before.is_not_null() & after.is_not_null() & ~nothing
    kinds = merge_values(table[str(names[2])].fill_null("")) if by else pl.Series("", [""] * table.height)
    pairs = pl.DataFrame({"by": kinds, "planned": before, "realised": after}).filter(paired)
    if pairs.height < LEAST_PAIRS:
        raise DataError([_build_few_rows_defect(path, pairs.height)])
    groups = {
        str(key): part for (key,), part in pairs.filter(pl.col("by") != "").sort("by").group_by(
            "by", maintain_order=True)
    } if by else {}  # fmt: skip
    return Fit(
        file=path.name,
        sha256=hash_file(path),
        planned=str(names[0]),
        realised=str(names[1]),
        by=by,
        whole=fit_pairs(pairs),
        laws={key: fit_pairs(part) for key, part in groups.items() if part.height >= LEAST_PAIRS},
        small={key: part.height for key, part in groups.items() if part.height < LEAST_PAIRS},
        n_open=int((before.is_null() | after.is_null()).sum()),
        n_nothing=int(nothing.sum()),
    )


def fit_pairs(pairs: pl.DataFrame) -> Law:
    """Fit `realised` / `planned`, both in cents and positive."""
    ratio = pairs["realised"].to_numpy() / pairs["planned"].to_numpy()
    logs = np.sort(np.log(ratio))
    n, mean, sigma = len(logs), float(logs.mean()), float(logs.std(ddof=1))
    spread = sigma > 1e-9
    half = 1.96 * sigma / math.sqrt(n)
    return Law(
        n=n,
        median=math.exp(mean),
        sigma=sigma if spread else 0.0,
        median_range=(math.exp(mean - half), math.exp(mean + half)),
        measured=tuple(float(q) for q in np.quantile(ratio, QUANTILES)),
        fitted=_compute_quantiles(mean, sigma),
        gap=_compute_ks_distance(logs, mean, sigma) if spread else 0.0,
        p_value=compute_normality_p_value(logs, mean, sigma) if spread else None,
        n_same=int((pairs["realised"] == pairs["planned"]).sum()),
        n_far=int(((ratio > FAR) | (ratio < 1 / FAR)).sum()),
    )


def _compute_quantiles(mean: float, sigma: float) -> tuple[float, ...]:
    from scipy.special import ndtri

    return tuple(float(math.exp(mean + sigma * ndtri(q))) for q in QUANTILES)


def _compute_ks_distance(logs: FloatArray, mean: float, sigma: float) -> float:
    """Compute the Kolmogorov–Smirnov distance sup |F_n − F| of sorted values."""
    from scipy.special import ndtr

    law, n = ndtr((logs - mean) / sigma), len(logs)
    return float(max((np.arange(1, n + 1) / n - law).max(), (law - np.arange(n) / n).max()))


def compute_normality_p_value(values: FloatArray, mean: float, sigma: float) -> float:
    """Return the p-value of normality of sorted values, with mean and deviation estimated from them."""
    from scipy.special import log_ndtr

    z, n = (values - mean) / sigma, len(values)
    k = np.arange(1, n + 1)
    square = -n - float(((2 * k - 1) * (log_ndtr(z) + log_ndtr(-z[::-1]))).sum()) / n
    a = square * (1 + 0.75 / n + 2.25 / n**2)
    if a < 0.2:
        p = 1 - math.exp(-13.436 + 101.14 * a - 223.73 * a * a)
    elif a < 0.34:
        p = 1 - math.exp(-8.318 + 42.796 * a - 59.938 * a * a)
    elif a < 0.6:
        p = math.exp(0.9177 - 4.279 * a - 1.38 * a * a)
    elif a < 13:
        p = math.exp(1.2937 - 5.709 * a + 0.0186 * a * a)
    else:  # outside the range of the formula
        p = 0.0
    return min(1.0, max(0.0, p))


def _find_header(table: pl.DataFrame, path: Path, wanted: str, defects: Defects) -> str | None:
    """Find the column of that name, or of a usual synonym."""
    headers = [name for name in table.columns if name != "_row"]
    if wanted in headers:
        return wanted
    known: Sequence[str] = REALISED if wanted == "realised" else SYNONYMS.get(wanted, ())
    result = next((name for name in headers if {*derive_names(name)} & {*derive_names(wanted), *known}), None)
    if result is None:
        defects.add(
            "fit-column",
            _('there is no column "{wanted}".', wanted=wanted),
            Place(file=path.name, row=1),
            hint=suggest_name(wanted, headers),
        )
    return result


def _parse_cents(table: pl.DataFrame, name: str, path: Path, defects: Defects) -> pl.Series:
    """Parse a column of amounts in cents; each invalid or negative cell is a defect at its row."""
    cents, reasons = parse_cents_series(table[name])
    wrong = reasons.is_not_null() | (cents < 0).fill_null(value=False)
    for row in wrong.arg_true().to_list():
        negative = _("an amount cannot be negative.")
        why = negative if reasons[row] is None else MoneyError(reasons[row]).text
        displayed = table[name][row]
        defects.add(
            "fit-amount",
            _('"{name}": "{displayed}": {why}', name=name, displayed=displayed, why=why),
            Place(file=path.name, row=int(table["_row"][row])),
        )
    return cents


def _build_few_rows_defect(path: Path, n: int) -> Defect:
    return Defect(
        "fit-few",
        _n(
            "{n} row with a planned and a realised cost: a law needs {least}.",
            "{n} rows with a planned and a realised cost: a law needs {least}.",
            n=n,
            least=Count(LEAST_PAIRS),
        ),
        (Place(file=path.name),),
        _("Keep a hypothesis and say so in `note`, or put several years together."),
    )
