"""`ensemble`: a scenario under uncertainty, drawn, solved and told."""

from __future__ import annotations

import json
from pathlib import Path

from tnt_sim.deadline import Deadline
from tnt_sim.disk import parquet_bytes
from tnt_sim.errors import Lang, Text, UsageError
from tnt_sim.scenario.load import load_scenario
from tnt_sim.scenario.scenario import Scenario
from tnt_sim.study.ensemble.ensemble import EnsembleTables
from tnt_sim.study.ensemble.one import Sample, ground_of
from tnt_sim.study.ensemble.run import Tell, run_draws
from tnt_sim.study.ensemble.telling import ensemble_study
from tnt_sim.view.put_file import put_file
from tnt_sim.view.study_page import study_book, study_fragment, study_html
from tnt_sim.workers import processors

MOST_DRAWS = 1_000_000


class Ensemble(EnsembleTables):
    """Draws of a scenario, with what notebooks and colleagues ask of them."""

    def to_json(self, path: Path | str | None = None) -> str:
        """The document of `ensemble --json`; written to a file when one is given."""
        text = json.dumps(self.summary(), ensure_ascii=False, indent=2)
        if path is not None:
            put_file(Path(path), text.encode())
        return text

    def to_html(self, path: Path | str, lang: Lang | str | None = None) -> None:
        """One self-contained page."""
        tongue = Lang(lang or self.lang)
        put_file(Path(path), study_html(ensemble_study(self, tongue), tongue).encode())

    def to_excel(self, path: Path | str, lang: Lang | str | None = None) -> None:
        """One workbook, a sheet a table."""
        tongue = Lang(lang or self.lang)
        put_file(Path(path), study_book(ensemble_study(self, tongue), tongue))

    def to_parquet(self, path: Path | str) -> None:
        """A row a dossier."""
        put_file(Path(path), parquet_bytes(self.dossiers))

    def _repr_html_(self) -> str:
        return study_fragment(ensemble_study(self, self.lang), self.lang, 2)


def ensemble(
    scenario: Scenario | Path | str,
    draws: int = 1000,
    seed: int = 0,
    *,
    sampling: str = "lhs",
    workers: int | None = None,
    sensitivity: int = 0,
    time_limit: float | None = None,
    tell: Tell | None = None,
) -> Ensemble:
    """Draw what is uncertain, decide each draw, and hold lists decided beforehand against them.

    Parameters
    ----------
    draws, seed : how many, and which; the same seed gives the same bytes
    sampling : `lhs` (Latin hypercube), `sobol` or `random`
    workers : processes; one a core by default
    sensitivity : draws for each input's total Sobol index; 0 for none
    time_limit : seconds for the whole, the scenario's choice by default; draws have two thirds of them

    Raises
    ------
    UsageError
        Without `uncertain`, for a scenario with steps or not from a file, or numbers out of range.
    """
    if isinstance(scenario, str | Path):
        scenario = load_scenario(scenario)
    if scenario.path is None:
        raise UsageError(
            Text("ce scénario ne vient pas d'un fichier.", "this scenario does not come from a file.")
        )
    if not 1 <= draws <= MOST_DRAWS or seed < 0 or not 0 <= sensitivity <= draws:
        raise UsageError(
            Text(
                f"entre 1 et {MOST_DRAWS} tirages, une graine positive, et pas plus de tirages de sensibilité.",
                f"between 1 and {MOST_DRAWS} draws, a seed of 0 or more, and no more draws for sensitivity.",
            ),
            code="usage.ensemble",
        )
    deadline = Deadline(scenario.spec.solver.time_limit if time_limit is None else time_limit)
    sample = Sample(scenario.path, tuple(scenario.sets), scenario.sha256, draws, seed, sampling)
    ground = ground_of(scenario, sample)
    n_workers = workers or processors()
    seconds = deadline.limit_seconds
    found = run_draws(ground.problem, sample, n_workers, len(ground.inputs), sensitivity, tell, seconds)
    return Ensemble(sample, ground, found)
