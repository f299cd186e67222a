"""Allocations under partially known weights for Python users."""

from __future__ import annotations

from tnt_sim.analysis.preferences import partial_weights
from tnt_sim.analysis.preferences.partial_weights import WeightsResult
from tnt_sim.api.study_files import Pages, with_files


class WeightStudy(Pages, WeightsResult):
    """Non-dominated allocations under partially known weights, with their page and workbook."""

    own_table = "dossiers"


weights = with_files(partial_weights.weights, WeightStudy)
