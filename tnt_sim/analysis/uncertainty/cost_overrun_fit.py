"""Laws of over-runs from a table of planned and realised amounts: a lognormal factor for each type of applicant.

With r = realised / planned, log r has mean m and standard deviation s: the factor's median is e^m, its sigma s.
How far the law lies from the data is told by the largest gap between the two distribution functions, and by the
p-value of Anderson and Darling's test with both parameters estimated (case 3 of Stephens, in D'Agostino and
Stephens, Goodness-of-Fit Techniques, 1986, table 4.9). A type with few pairs takes the law of all pairs together.
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
from tnt_sim.errors import DataError, Defect, Defects, Place, did_you_mean
from tnt_sim.i18n.message import Text, so_many
from tnt_sim.ingest.portfolio_reader import read_plain
from tnt_sim.ingest.tables.headers import SYNONYMS, names_of
from tnt_sim.rules.expressions.values import named_values
from tnt_sim.verify.run_files import file_sha256

FloatArray = NDArray[np.float64]
LEAST_PAIRS = 30
"""Fewer pairs have no law of their own."""
ROWS = ("ligne", "lignes"), ("row", "rows")
QUANTILES = (0.05, 0.5, 0.95)
FAR = 10.0
"""A realised amount so many times the planned one, or less than one part in so many, is told."""
REALISED = ("realised", "cout reel", "cout realise", "cout final", "montant realise", "depense realisee",
            "cout revise", "final cost", "realised cost", "actual cost")  # fmt: skip


@dataclass(frozen=True, slots=True)
class Law:
    """A lognormal factor and how well it fits.

    Attributes
    ----------
    n : pairs
    median, sigma : of the law; sigma is 0 where all ratios are the same
    median_range : 95 % confidence interval of the median
    measured, fitted : quantiles of the ratios and of the law, at `QUANTILES`
    gap : the largest distance between the two distribution functions
    p_value : of Anderson and Darling's test; small where the law does not fit, None without dispersion
    n_same : pairs whose two amounts are equal
    n_far : ratios beyond `FAR` or below its inverse
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
    """The laws that a table gives.

    Attributes
    ----------
    whole : of all pairs together; it stands for types in `small` and for those that the table does not have
    laws : by type, those with at least `LEAST_PAIRS` pairs
    small : pairs of the other types
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
    """The laws of a table, by a column or for all rows together.

    Raises
    ------
    DataError
        For a table that cannot be read, a column that it does not have, cells that are no amount, too few pairs.
    """
    table, defects = read_plain(path, shown_as=path.name), Defects()
    names = [_header(table, path, wanted, defects) for wanted in (planned, realised, *([by] if by else []))]
    defects.raise_if_any(DataError)
    before, after = (_cents(table, str(name), path, defects) for name in names[:2])
    defects.raise_if_any(DataError)
    nothing = ((before == 0) | (after == 0)).fill_null(value=False)
    paired = before.is_not_null() & after.is_not_null() & ~nothing
    kinds = named_values(table[str(names[2])].fill_null("")) if by else pl.Series("", [""] * table.height)
    pairs = pl.DataFrame({"by": kinds, "planned": before, "realised": after}).filter(paired)
    if pairs.height < LEAST_PAIRS:
        raise DataError([_too_few(path, pairs.height)])
    groups = {
        str(key): part for (key,), part in pairs.filter(pl.col("by") != "").sort("by").group_by(
            "by", maintain_order=True)
    } if by else {}  # fmt: skip
    return Fit(
        file=path.name,
        sha256=file_sha256(path),
        planned=str(names[0]),
        realised=str(names[1]),
        by=by,
        whole=law_of_pairs(pairs),
        laws={key: law_of_pairs(part) for key, part in groups.items() if part.height >= LEAST_PAIRS},
        small={key: part.height for key, part in groups.items() if part.height < LEAST_PAIRS},
        n_open=int((before.is_null() | after.is_null()).sum()),
        n_nothing=int(nothing.sum()),
    )


def law_of_pairs(pairs: pl.DataFrame) -> Law:
    """The law of `realised` over `planned`, both in cents and above 0."""
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
        fitted=_quantiles(mean, sigma),
        gap=_gap(logs, mean, sigma) if spread else 0.0,
        p_value=anderson_darling(logs, mean, sigma) if spread else None,
        n_same=int((pairs["realised"] == pairs["planned"]).sum()),
        n_far=int(((ratio > FAR) | (ratio < 1 / FAR)).sum()),
    )


def _quantiles(mean: float, sigma: float) -> tuple[float, ...]:
    from scipy.special import ndtri

    return tuple(float(math.exp(mean + sigma * ndtri(q))) for q in QUANTILES)


def _gap(logs: FloatArray, mean: float, sigma: float) -> float:
    """sup |F_n − F|, Kolmogorov and Smirnov's distance, for sorted values."""
    from scipy.special import ndtr

    law, n = ndtr((logs - mean) / sigma), len(logs)
    return float(max((np.arange(1, n + 1) / n - law).max(), (law - np.arange(n) / n).max()))


def anderson_darling(values: FloatArray, mean: float, sigma: float) -> float:
    """The p-value of normality of sorted values whose mean and deviation were estimated from them."""
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
    else:  # beyond where the formula holds
        p = 0.0
    return min(1.0, max(0.0, p))


def _header(table: pl.DataFrame, path: Path, wanted: str, defects: Defects) -> str | None:
    """The column of that name, or of a usual one for the same thing."""
    headers = [name for name in table.columns if name != "_row"]
    if wanted in headers:
        return wanted
    known: Sequence[str] = REALISED if wanted == "realised" else SYNONYMS.get(wanted, ())
    found = next((name for name in headers if {*names_of(name)} & {*names_of(wanted), *known}), None)
    if found is None:
        defects.add(
            "fit-column",
            Text(f"la colonne « {wanted} » n'existe pas.", f'there is no column "{wanted}".'),
            Place(file=path.name, row=1),
            hint=did_you_mean(wanted, headers),
        )
    return found


def _cents(table: pl.DataFrame, name: str, path: Path, defects: Defects) -> pl.Series:
    """A column of amounts in cents; each cell that is none, or below zero, is a defect at its row."""
    cents, reasons = parse_cents_series(table[name])
    wrong = reasons.is_not_null() | (cents < 0).fill_null(value=False)
    for row in wrong.arg_true().to_list():
        negative = Text("un montant ne peut pas être négatif.", "an amount cannot be negative.")
        why = negative if reasons[row] is None else MoneyError(reasons[row]).text
        shown = table[name][row]
        defects.add(
            "fit-amount",
            Text(f"« {name} » : « {shown} » : {why.fr}", f'"{name}": "{shown}": {why.en}'),
            Place(file=path.name, row=int(table["_row"][row])),
        )
    return cents


def _too_few(path: Path, n: int) -> Defect:
    rows = so_many(n, *ROWS)
    return Defect(
        "fit-few",
        Text(
            f"{rows.fr} avec un coût prévu et un coût réalisé : il en faut {LEAST_PAIRS} pour une loi.",
            f"{rows.en} with a planned and a realised cost: a law wants {LEAST_PAIRS}.",
        ),
        (Place(file=path.name),),
        Text(
            "Gardez une hypothèse, en la disant dans `note`, ou réunissez plusieurs années.",
            "Keep a hypothesis and say so in `note`, or put several years together.",
        ),
    )
