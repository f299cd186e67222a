"""Registry of reductions: everything that iterates over reductions iterates over this list."""

from __future__ import annotations

from tnt_sim.solve.reductions.amounts_as_binaries import AmountsAsBinaries
from tnt_sim.solve.reductions.coefficient_tightening import CoefficientTightening
from tnt_sim.solve.reductions.fixing import ReducedCostFixing
from tnt_sim.solve.reductions.projection import Projection
from tnt_sim.solve.reductions.reduction import Reduction
from tnt_sim.solve.reductions.restriction import Restriction
from tnt_sim.solve.reductions.row_enumeration import RowEnumeration
from tnt_sim.solve.reductions.symmetry import Symmetry

REDUCTIONS: tuple[type[Reduction], ...] = (
    CoefficientTightening,
    AmountsAsBinaries,
    Projection,
    Symmetry,
    ReducedCostFixing,
    RowEnumeration,
    Restriction,
)
