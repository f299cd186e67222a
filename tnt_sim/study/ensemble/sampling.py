"""Draws of all inputs: one point of a cube a draw, turned into factors, amounts and events by each input's law.

A point has a coordinate for each row of each input, and one for each group of a correlated input. With z the
normal scores of row and group,

    score = √rho · z_group + √(1 − rho) · z_row,        value = F⁻¹(Φ(score))

(a one-factor Gaussian copula). Sources: McKay et al., Technometrics 21 (1979) for the Latin hypercube; Joe and
Kuo, SIAM J. Sci. Comput. 30 (2008) for Sobol points.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from tnt_sim.errors import Text, UsageError
from tnt_sim.study.ensemble.inputs import Input

FloatArray = NDArray[np.float64]
SAMPLINGS = ("lhs", "sobol", "random")
MOST_SOBOL = 21_201
MOST_FIGURES = 200_000_000
"""Coordinates of all points together: 1.6 GB a process."""
DIGITS = 9
"""Values keep so many digits, so that the last bits of a machine's mathematics decide nothing."""


def points(inputs: Sequence[Input], n_draws: int, seed: int, sampling: str = "lhs") -> FloatArray:
    """The points of a sample in the open unit cube, (n_draws, n_coordinates).

    Raises
    ------
    UsageError
        For a sampling that does not exist, or too many coordinates for Sobol points.
    """
    from scipy.stats import qmc

    width = sum(len(one.rows) + one.n_groups for one in inputs)
    if n_draws * width > MOST_FIGURES:
        most = MOST_FIGURES // width
        raise UsageError(
            Text(
                f"{n_draws} tirages de {width} grandeurs incertaines ne tiennent pas en mémoire : {most} au plus, "
                "ou moins de dossiers par incertitude (`where`).",
                f"{n_draws} draws of {width} uncertain figures do not fit in memory: {most} at most, or fewer "
                "dossiers an input (`where`).",
            ),
            code="usage.draws",
        )
    random = np.random.default_rng(seed)
    if sampling == "random":
        cube = random.random((n_draws, width))
    elif sampling == "lhs":
        cube = qmc.LatinHypercube(d=max(1, width), rng=random).random(n_draws)
    elif sampling == "sobol":
        if width > MOST_SOBOL:
            raise UsageError(
                Text(
                    f"{width} grandeurs incertaines : les points de Sobol en admettent {MOST_SOBOL}. Prenez lhs.",
                    f"{width} uncertain figures: Sobol points take {MOST_SOBOL}. Take lhs.",
                ),
                code="usage.sampling",
            )
        m = max(0, int(np.ceil(np.log2(max(1, n_draws)))))
        cube = qmc.Sobol(d=max(1, width), rng=random).random_base2(m)[:n_draws]
    else:
        raise UsageError(
            Text(
                f"--sampling vaut {', '.join(SAMPLINGS)}, pas « {sampling} ».",
                f'--sampling is {", ".join(SAMPLINGS)}, not "{sampling}".',
            ),
            code="usage.sampling",
        )
    tiny = 2.0**-40
    return np.clip(cube[:, :width], tiny, 1 - tiny)


def parts(inputs: Sequence[Input], point: FloatArray) -> list[FloatArray]:
    """What one point, (n_coordinates,), says of each input: a value for each of its rows."""
    found, start = [], 0
    for one in inputs:
        n, m = len(one.rows), one.n_groups
        own, common = point[start : start + n], point[start + n : start + n + m]
        found.append(_values(one, _joined(one, own, common)))
        start += n + m
    return found


def _joined(one: Input, own: FloatArray, common: FloatArray) -> FloatArray:
    if not one.n_groups:
        return own
    from scipy.special import ndtr, ndtri

    score = np.sqrt(one.rho) * ndtri(common)[one.group] + np.sqrt(1 - one.rho) * ndtri(own)
    joined: FloatArray = ndtr(score)
    return joined


def _values(one: Input, u: FloatArray) -> FloatArray:
    """F⁻¹(u), or whether the event happens (1.0 or 0.0)."""
    law = one.law
    if law is None:
        assert one.spec.probability is not None
        return (u < float(one.spec.probability)).astype(np.float64)
    from scipy import stats

    name, p = law
    if name == "normal":
        values = stats.norm.ppf(u, p["mean"], p["sd"])
    elif name == "lognormal":
        values = stats.lognorm.ppf(u, p["sigma"], scale=p["median"])
    elif name == "uniform":
        values = stats.uniform.ppf(u, p["low"], p["high"] - p["low"])
    else:
        width = p["high"] - p["low"]
        values = stats.triang.ppf(u, (p["mode"] - p["low"]) / width, p["low"], width)
    rounded: FloatArray = np.round(values, DIGITS)
    # the far tail of a wide normal factor is below nothing: no cost is
    return np.maximum(rounded, 0.0) if one.spec.times is not None else rounded
