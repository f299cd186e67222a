"""Analyses for Python users: `compare`, `ensemble`, `extend` and `sweep`.

Results have `summary()` (the JSON document), `to_dataframe()` and file exports (`to_html`,
`to_excel`, `to_json`, `to_parquet` where available). Amounts are integer cents, other figures exact
decimals as text.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any, Protocol

import polars as pl

from tnt_sim.analysis.compare.causes import CELLS, KEYS, Causes, find_causes, find_changed_keys
from tnt_sim.analysis.compare.compared_run import ComparedRun, build_side
from tnt_sim.analysis.compare.comparison import ComparedRuns, list_moves
from tnt_sim.analysis.extend.document import ExtendDocument
from tnt_sim.analysis.extend.document import build_document as extend_document
from tnt_sim.analysis.extend.result import FREE, NESTED
from tnt_sim.analysis.extend.search import extend_of
from tnt_sim.analysis.shared.amount_variation import FREE as FREE_SHARE
from tnt_sim.analysis.shared.progress import StudyProgress
from tnt_sim.analysis.shared.reference_solution import ReportProgress
from tnt_sim.analysis.shared.study_answer import DocumentTables, StudyAnswer
from tnt_sim.analysis.sweep.document import SweepDocument
from tnt_sim.analysis.sweep.plan import build_plan
from tnt_sim.analysis.sweep.result import build_document as sweep_document
from tnt_sim.analysis.sweep.runner import ReportProgress as SweepTell
from tnt_sim.analysis.sweep.runner import SweepResult, run
from tnt_sim.analysis.uncertainty.result import EnsembleTables
from tnt_sim.analysis.uncertainty.runner import ReportProgress as EnsembleTell
from tnt_sim.analysis.uncertainty.runner import Sample, prepare_ground, run_draws
from tnt_sim.deadline import Deadline
from tnt_sim.disk import encode_parquet
from tnt_sim.documents import dump_document
from tnt_sim.domain.money import MoneyError, parse_cents
from tnt_sim.engine.budgets import Clock
from tnt_sim.engine.optimise import Report
from tnt_sim.engine.result import ResultData, convert_frame
from tnt_sim.errors import UsageError
from tnt_sim.i18n.message import Lang, Text
from tnt_sim.parallel import count_processors
from tnt_sim.reporting.renderers.html import (
    PAGE_WIDTH,
    build_study_workbook,
    render_study_fragment,
    render_study_html,
    render_terminal_html,
)
from tnt_sim.reporting.reports import sweep as sweep_report
from tnt_sim.reporting.reports.comparison import build_comparison_study
from tnt_sim.reporting.reports.extend import render_extension
from tnt_sim.reporting.reports.study_reports import StudyDocument, build_study
from tnt_sim.reporting.reports.sweep import render_sweep
from tnt_sim.reporting.reports.uncertainty import build_ensemble_study
from tnt_sim.reporting.run_folder.atomic_write import put_file
from tnt_sim.scenario.load import load_scenario
from tnt_sim.scenario.scenario import ScenarioData

FEWEST, MOST = 2, 20
COLUMNS = (*KEYS, *CELLS)
"""Names that a side cannot have, because its tables have columns with these names."""
ComparedSource = Path | str | ScenarioData | ResultData


class StudyFiles(Protocol):
    """An answer that is written as a page and as a workbook."""

    def to_html(self, path: Path | str) -> object:
        """Write the page."""

    def to_excel(self, path: Path | str) -> object:
        """Write the workbook."""


@dataclass(frozen=True, slots=True)
class StudyReport:
    """The report of an answer, as a page or a workbook."""

    answer: StudyFiles

    def html(self, path: Path | str) -> Path:
        """Write one self-contained page and return its path.

        Examples
        --------
        >>> scenario.analyse.alternatives(count=1).report.html("variantes.html").exists()
        True
        """
        self.answer.to_html(path)
        return Path(path)

    def excel(self, path: Path | str) -> Path:
        """Write one workbook, with a sheet per table, and return its path.

        Examples
        --------
        >>> scenario.analyse.sweep(stop="1.3 M€", steps=2).report.excel("courbe.xlsx").exists()
        True
        """
        self.answer.to_excel(path)
        return Path(path)


class Comparison(ComparedRuns):
    """Comparison of decisions, with exports for notebooks and files."""

    @property
    def report(self) -> StudyReport:
        """Its report: `report.html("page.html")`, `report.excel("classeur.xlsx")`."""
        return StudyReport(self)

    def to_json(self, path: Path | str | None = None) -> str:
        """Return the document of `compare --json`, and write it to a file if a path is given.

        Examples
        --------
        >>> found = tnt.compare(scenario, scenario.with_({"programme.amount": "1 M€"}), attribute=False)
        >>> found.to_json()[:1]
        '{'
        """
        text = json.dumps(self.summary(), ensure_ascii=False, indent=2)
        if path is not None:
            put_file(Path(path), text.encode())
        return text

    def to_html(self, path: Path | str, lang: Lang | str | None = None) -> None:
        """Write one self-contained page.

        Examples
        --------
        >>> found = tnt.compare(scenario, scenario.with_({"programme.amount": "1 M€"}), attribute=False)
        >>> found.to_html("comparaison.html")
        """
        tongue = Lang(lang or self.lang)
        put_file(Path(path), render_study_html(build_comparison_study(self, tongue), tongue).encode())

    def to_excel(self, path: Path | str, lang: Lang | str | None = None) -> None:
        """Write one workbook, with a sheet per table.

        Examples
        --------
        >>> found = tnt.compare(scenario, scenario.with_({"programme.amount": "1 M€"}), attribute=False)
        >>> found.to_excel("comparaison.xlsx")
        """
        tongue = Lang(lang or self.lang)
        put_file(Path(path), build_study_workbook(build_comparison_study(self, tongue), tongue))

    def to_parquet(self, path: Path | str) -> None:
        """Write the moves, `side` first.

        Examples
        --------
        >>> found = tnt.compare(scenario, scenario.with_({"programme.amount": "1 M€"}), attribute=False)
        >>> found.to_parquet("mouvements.parquet")
        """
        put_file(Path(path), encode_parquet(self.to_dataframe()))

    def _repr_html_(self) -> str:
        return render_study_fragment(build_comparison_study(self, self.lang), self.lang, 2)


def compare(
    *things: ComparedSource,
    names: Sequence[str] | None = None,
    attribute: bool = True,
    options: Mapping[str, Any] | None = None,
    progress: Report | None = None,
) -> Comparison:
    """Compare scenarios, results or run folders; the first is the reference.

    Parameters
    ----------
    things : scenario files, run folders, `Scenario` or `Result` objects, 2 to 20
    names : one per decision; by default their ids, made unique
    attribute : find the cause of each move, one change at a time (one or two solves per change)
    options : arguments of `solve`, for scenarios to be solved; its `time_limit` covers all of them
    and the causes, by default the longest of the scenarios'
    progress : called with the phase and the share done, in [0, 1]

    Raises
    ------
    UsageError
        For fewer than 2 or more than 20 decisions, or another number of names.

    Examples
    --------
    >>> found = tnt.compare(scenario, scenario.with_({"programme.amount": "1 M€"}))
    >>> found.status
    'done'
    """
    if names is not None and len(names) != len(things):
        raise UsageError(
            Text(
                f"noms donnés : {len(names)}, pour {len(things)} décisions.",
                f"names given: {len(names)}, for {len(things)} decisions.",
            ),
            code="usage.compare",
        )
    if not FEWEST <= len(things) <= MOST:
        raise UsageError(
            Text(
                f"on compare de {FEWEST} à {MOST} scénarios ou calculs ; il y en a {len(things)}.",
                f"between {FEWEST} and {MOST} scenarios or runs are compared; there are {len(things)}.",
            ),
            code="usage.compare",
        )
    sides: list[ComparedRun] = []
    request = dict(options or {})
    things = tuple(_read(thing) for thing in things)
    limits = [thing.spec.solver.time_limit for thing in things if isinstance(thing, ScenarioData)]
    limit = request.get("time_limit")
    course = StudyProgress(Deadline(max(limits, default=None) if limit is None else limit), "sides")
    for number, source in enumerate(things):
        if progress is not None:
            progress("solve", number / len(things))
        request["time_limit"] = course.deadline.limit_seconds
        side = build_side(source, None if names is None else names[number], request)
        sides.append(_rename_run(side, {*COLUMNS, *(known.name for known in sides)}))
    if not attribute:
        return Comparison(tuple(sides), {}, course)
    first = sides[0]
    result: dict[str, Causes] = {}
    with course.catch_limits():
        for side in course.iterate_items(sides[1:]):
            if progress is not None:
                progress("causes", len(result) / len(sides))
            keys = find_changed_keys([first, side])
            result[side.name] = find_causes(
                first, side, keys, list_moves(first, side), deadline=course.deadline
            )
            if result[side.name].untried:
                course.withdraw_item()
    return Comparison(tuple(sides), result, course)


def _read(source: ComparedSource) -> ComparedSource:
    """Load the scenario of a path that is not a run folder; return anything else unchanged."""
    return load_scenario(source) if isinstance(source, str | Path) and not Path(source).is_dir() else source


def _rename_run(side: ComparedRun, taken: set[str]) -> ComparedRun:
    name, number = side.name, 2
    while name in taken:
        name, number = f"{side.name} ({number})", number + 1
    return replace(side, name=name)


MOST_DRAWS = 1_000_000


class Ensemble(EnsembleTables):
    """Ensemble of draws, with exports for notebooks and files."""

    @property
    def report(self) -> StudyReport:
        """Its report: `report.html("page.html")`, `report.excel("classeur.xlsx")`."""
        return StudyReport(self)

    def to_json(self, path: Path | str | None = None) -> str:
        """Return the document of `ensemble --json`, and write it to a file if a path is given.

        Examples
        --------
        >>> unsure = scenario.with_({"uncertain": [{"id": "a", "event": "withdrawn", "probability": "5 %"}]})
        >>> drawn = tnt.ensemble(unsure, 4, workers=1)
        >>> drawn.to_json()[:1]
        '{'
        """
        text = json.dumps(self.summary(), ensure_ascii=False, indent=2)
        if path is not None:
            put_file(Path(path), text.encode())
        return text

    def to_html(self, path: Path | str, lang: Lang | str | None = None) -> None:
        """Write one self-contained page.

        Examples
        --------
        >>> unsure = scenario.with_({"uncertain": [{"id": "a", "event": "withdrawn", "probability": "5 %"}]})
        >>> drawn = tnt.ensemble(unsure, 4, workers=1)
        >>> drawn.to_html("tirages.html")
        """
        tongue = Lang(lang or self.lang)
        put_file(Path(path), render_study_html(build_ensemble_study(self, tongue), tongue).encode())

    def to_excel(self, path: Path | str, lang: Lang | str | None = None) -> None:
        """Write one workbook, with a sheet per table.

        Examples
        --------
        >>> unsure = scenario.with_({"uncertain": [{"id": "a", "event": "withdrawn", "probability": "5 %"}]})
        >>> drawn = tnt.ensemble(unsure, 4, workers=1)
        >>> drawn.to_excel("tirages.xlsx")
        """
        tongue = Lang(lang or self.lang)
        put_file(Path(path), build_study_workbook(build_ensemble_study(self, tongue), tongue))

    def to_parquet(self, path: Path | str) -> None:
        """Write one row per application.

        Examples
        --------
        >>> unsure = scenario.with_({"uncertain": [{"id": "a", "event": "withdrawn", "probability": "5 %"}]})
        >>> drawn = tnt.ensemble(unsure, 4, workers=1)
        >>> drawn.to_parquet("tirages.parquet")
        """
        put_file(Path(path), encode_parquet(self.dossiers))

    def _repr_html_(self) -> str:
        return render_study_fragment(build_ensemble_study(self, self.lang), self.lang, 2)


def ensemble(
    scenario: ScenarioData | Path | str,
    draws: int = 1000,
    seed: int = 0,
    *,
    sampling: str = "lhs",
    workers: int | None = None,
    sensitivity: int = 0,
    time_limit: float | None = None,
    tell: EnsembleTell | None = None,
) -> Ensemble:
    """Sample the uncertain inputs, optimise each draw, and evaluate lists decided beforehand in all draws.

    Parameters
    ----------
    scenario : from a file, with a section `uncertain`
    draws, seed : size of the sample and seed; the same seed gives the same bytes
    sampling : `lhs` (Latin hypercube), `sobol` or `random`
    workers : processes; by default one per core
    sensitivity : draws for the total Sobol index of each input; 0 for none
    time_limit : seconds for the whole, by default that of the scenario; draws get two thirds of
    them
    tell : called with the phase and the share done, in [0, 1]

    Raises
    ------
    UsageError
        For a scenario without `uncertain`, with steps or not from a file, or for numbers out of
        range.

    Examples
    --------
    >>> unsure = scenario.with_({"uncertain": [{"id": "a", "event": "withdrawn", "probability": "5 %"}]})
    >>> drawn = tnt.ensemble(unsure, 4, workers=1)
    >>> drawn.dossiers.height
    22
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
    ground = prepare_ground(scenario, sample)
    n_workers = workers or count_processors()
    seconds = deadline.limit_seconds
    found = run_draws(ground.problem, sample, n_workers, len(ground.inputs), sensitivity, tell, seconds)
    return Ensemble(sample, ground, found)


@dataclass(frozen=True, slots=True, eq=False)
class Extension(StudyAnswer):
    """Result of "transfer or extend".

    Attributes
    ----------
    data : the answer
    lang : language of the display
    """

    data: ExtendDocument
    lang: Lang

    def __repr__(self) -> str:
        return f"<Extension of {self.data.scenario}: {self.data.status}>"

    @property
    def document(self) -> Mapping[str, Any]:
        """Return the JSON document of `extend --json`."""
        return dump_document(self.data)

    def summary(self) -> Mapping[str, Any]:
        """Return the document.

        Examples
        --------
        >>> tnt.extend(scenario, "1.3 M€").summary()["command"]
        'extend'
        """
        return self.document

    def to_dataframe(self, backend: str = "polars", *, table: str = "gains") -> Any:
        """Return the table `gains` or the table `list_moves`.

        `gains` has one row per curve, total and objective; its figures are floats, for drawing (the
        document holds exact decimals). `list_moves` has one row per move of money, in integer cents.

        Raises
        ------
        ValueError
            For another table.

        Examples
        --------
        >>> tnt.extend(scenario, "1.3 M€").to_dataframe()["curve"].unique().sort().to_list()
        ['free', 'nested']
        """
        rows = {"gains": self._list_gains, "moves": self._list_moves}
        if table not in rows:
            raise ValueError(f"table must be one of {', '.join(rows)}, not {table!r}")
        return convert_frame(pl.DataFrame(rows[table](), infer_schema_length=None), backend)

    def to_json(self) -> str:
        """Return the document as JSON text.

        Examples
        --------
        >>> tnt.extend(scenario, "1.3 M€").to_json()[:1]
        '{'
        """
        return json.dumps(self.document, ensure_ascii=False, indent=2, allow_nan=False)

    def _list_gains(self) -> list[dict[str, Any]]:
        keys = ("transfer", "extension", "total", "alone", "alone_beyond_transfer")
        return [
            {"curve": curve, "total_cents": entry["total_cents"], "goal": gain["goal"]}
            | {key: None if gain[key] is None else float(gain[key]) for key in keys}
            for curve in (FREE, NESTED)
            for entry in self.document[curve]["totals"]
            for gain in entry["gains"]
        ]

    def _list_moves(self) -> list[dict[str, Any]]:
        entries = {
            curve: [found["transfer"], *(entry["with_transfers"] for entry in found["totals"])]
            for curve in (FREE, NESTED)
            if (found := self.document[curve])
        }
        return [
            {"curve": curve, "total_cents": entry["total_cents"], **move}
            for curve, found in entries.items()
            for entry in found
            if entry is not None
            for move in entry.get("moves", ())
        ]

    def _repr_html_(self) -> str:
        return render_terminal_html(render_extension(self.data, lang=self.lang, width=PAGE_WIDTH), self.lang)


def extend(
    scenario: ScenarioData,
    *to: str | int,
    time_limit: float | None = None,
    lang: Lang | str | None = None,
    progress: ReportProgress | None = None,
) -> Extension:
    """Compare moving money between envelopes at the same total with enlarging the total.

    Parameters
    ----------
    to : totals of the programme: "98 M€", "110 %" of the written amount, or whole euros; by default
    three round ones
    time_limit : seconds for the whole; by default that of the scenario
    lang : language of the document; by default that of the scenario
    progress : called with the phase and the share done, in [0, 1]

    Raises
    ------
    UsageError
        For a programme without amount, a total below it, or a scenario with steps.
    NothingDecided
        If no allocation satisfies every rule.
    LimitReached
        If no allocation was found in time.

    Examples
    --------
    >>> [entry["total_cents"] for entry in tnt.extend(scenario, "1.3 M€").document["free"]["totals"]]
    [130000000]
    """
    limit = scenario.spec.solver.time_limit if time_limit is None else time_limit
    tongue = Lang(lang or scenario.spec.locale)
    found = extend_of(scenario, to, clock=Clock(limit), report_progress=progress)
    return Extension(extend_document(found, tongue), tongue)


class Pages(DocumentTables):
    """Mixin that adds `document`, `to_html` and `to_excel` to a result with `data` and a `lang`."""

    @property
    def data(self) -> StudyDocument:
        """Return the answer."""
        raise NotImplementedError

    @cached_property
    def document(self) -> Mapping[str, Any]:
        """Return the JSON document."""
        return dump_document(self.data)

    @property
    def lang(self) -> Lang:
        """Return the language of the result."""
        raise NotImplementedError

    @property
    def report(self) -> StudyReport:
        """Its report: `report.html("page.html")`, `report.excel("classeur.xlsx")`."""
        return StudyReport(self)

    def to_html(self, path: Path | str, lang: Lang | str | None = None) -> None:
        """Write one self-contained page.

        Examples
        --------
        >>> found = tnt.alternatives(scenario, count=1)
        >>> found.to_html("variantes.html")
        """
        tongue = Lang(lang or self.lang)
        put_file(Path(path), render_study_html(build_study(self.data, tongue), tongue).encode())

    def to_excel(self, path: Path | str, lang: Lang | str | None = None) -> None:
        """Write one workbook, with a sheet per table.

        Examples
        --------
        >>> found = tnt.alternatives(scenario, count=1)
        >>> found.to_excel("variantes.xlsx")
        """
        tongue = Lang(lang or self.lang)
        put_file(Path(path), build_study_workbook(build_study(self.data, tongue), tongue))


@dataclass(frozen=True)
class Sweep(StudyAnswer):
    """Result of a sweep: the optimum at each amount of an envelope.

    Attributes
    ----------
    data : the answer
    found : the points, with their allocations
    lang : language of the sentences
    """

    data: SweepDocument
    found: SweepResult = field(repr=False)
    lang: Lang

    def __repr__(self) -> str:
        return f"<Sweep of {self.data.scenario}: {len(self.data.points)} points>"

    @cached_property
    def document(self) -> Mapping[str, Any]:
        """Return the document of `tnt-sim sweep --json`: integer cents, exact decimals as text."""
        return dump_document(self.data)

    @property
    def report(self) -> StudyReport:
        """Its report: `report.html("page.html")`, `report.excel("classeur.xlsx")`."""
        return StudyReport(self)

    def summary(self) -> Mapping[str, Any]:
        """Return the document.

        Examples
        --------
        >>> curve = tnt.sweep(scenario, stop="1.3 M€", steps=2)
        >>> curve.summary()["command"]
        'sweep'
        """
        return self.document

    def to_dataframe(self, backend: str = "polars", *, table: str = "points") -> Any:
        """Return one of the tables `points`, `envelopes`, `dossiers` or `steps`; amounts in integer cents.

        Raises
        ------
        ValueError
            For an unknown table or backend.

        Examples
        --------
        >>> curve = tnt.sweep(scenario, stop="1.3 M€", steps=2)
        >>> curve.to_dataframe(table="points").height
        6
        """
        makers = {
            "points": sweep_report.build_point_frame,
            "envelopes": sweep_report.build_envelope_frame,
            "dossiers": sweep_report.build_dossier_frame,
            "steps": sweep_report.build_step_frame,
        }
        if table not in makers:
            raise ValueError(f"table must be one of {', '.join(makers)}, not {table!r}")
        frame: pl.DataFrame = makers[table](self.data)
        if backend == "polars":
            return frame
        if backend == "pandas":
            return frame.to_pandas()
        raise ValueError(f"backend must be 'polars' or 'pandas', not {backend!r}")

    def plot(self, kind: str = "curve") -> Any:
        """Draw `curve`, `figures`, `ladder` or `envelopes` as an Altair chart.

        Needs the optional dependency `charts`.

        Examples
        --------
        >>> curve = tnt.sweep(scenario, stop="1.3 M€", steps=2)
        >>> chart = curve.plot("curve")
        """
        from tnt_sim.reporting.charts.sweep_charts import draw_sweep_chart

        return draw_sweep_chart(self.data, kind, self.lang)

    def to_json(self, path: str | Path | None = None) -> str:
        """Return the document as JSON text, and write it to a file if a path is given.

        Examples
        --------
        >>> curve = tnt.sweep(scenario, stop="1.3 M€", steps=2)
        >>> curve.to_json()[:1]
        '{'
        """
        text = json.dumps(self.document, ensure_ascii=False, indent=2, allow_nan=False) + "\n"
        return _save_text(text, path)

    def to_html(self, path: str | Path | None = None) -> str:
        """Return the page with its charts, and write it to a file if a path is given.

        Examples
        --------
        >>> curve = tnt.sweep(scenario, stop="1.3 M€", steps=2)
        >>> page = curve.to_html("courbe.html")
        """
        from tnt_sim.reporting.reports.sweep import render_sweep_html

        return _save_text(render_sweep_html(self.data, self.lang), path)

    def to_excel(self, path: str | Path) -> Path:
        """Write the workbook and return its path.

        Examples
        --------
        >>> curve = tnt.sweep(scenario, stop="1.3 M€", steps=2)
        >>> curve.to_excel("courbe.xlsx").name
        'courbe.xlsx'
        """
        from tnt_sim.reporting.reports.sweep import build_sweep_workbook

        target = Path(path)
        put_file(target, build_sweep_workbook(self.data, self.lang))
        return target

    def to_parquet(self, path: str | Path, *, table: str = "points") -> Path:
        """Write one of the tables of `to_dataframe` as Parquet and return its path.

        Examples
        --------
        >>> curve = tnt.sweep(scenario, stop="1.3 M€", steps=2)
        >>> curve.to_parquet("courbe.parquet").name
        'courbe.parquet'
        """
        target = Path(path)
        put_file(target, encode_parquet(self.to_dataframe(table=table)))
        return target

    def _repr_html_(self) -> str:
        """Return the sentences and the table of the curve for a notebook."""
        return render_terminal_html(render_sweep(self.data, lang=self.lang, width=PAGE_WIDTH), self.lang)


def sweep(
    scenario: ScenarioData,
    envelope: str | Sequence[str] = (),
    start: str | int | None = None,
    stop: str | int | None = None,
    *,
    steps: int | None = None,
    at: Sequence[str | int] = (),
    share: str = FREE_SHARE,
    exact: bool = False,
    free: bool = False,
    nested: bool = False,
    tolerance: str | None = None,
    time_limit: float | None = None,
    backend: str | None = None,
    cross_check: str = "never",
    lang: Lang | str | None = None,
    progress: SweepTell | None = None,
) -> Sweep:
    """Compute the optimum for amounts of an envelope from `start` to `stop`.

    Parameters
    ----------
    envelope : id of the envelope that varies, or several; by default the programme
    start, stop : "88 M€", "50 %" of the written amount, or whole euros; by default the written
    amount
    steps : n equal steps, that is n + 1 amounts; by default round figures
    at : the amounts one by one instead: the announcements of the nested curve
    share : how amounts below the envelope follow: `free`, `pro_rata`, or the id of one envelope
    below it
    exact : compute every step of the free curve
    free, nested : restrict to one curve; by default both
    tolerance : refine the free curve between the amounts until its band is nowhere wider: "0.5 %"
    of the value, or a number of units of the first objective
    time_limit : seconds for the whole; by default that of the scenario
    backend, cross_check : solver, and second solver, as for `solve`
    lang : language of the sentences; by default that of the scenario
    progress : called with the phase and the share done, in [0, 1]

    Raises
    ------
    UsageError
        For an invalid request, see `analysis.sweep.plan.build_plan`.

    Examples
    --------
    >>> curve = tnt.sweep(scenario, stop="1.3 M€", steps=2)
    >>> curve.status
    'optimal'
    """
    names = (envelope,) if isinstance(envelope, str) else tuple(envelope)
    _refuse_amounts(scenario, names)
    plan = build_plan(
        scenario,
        envelopes=[name for name in names if name],
        start=start,
        stop=stop,
        steps=steps,
        at=at,
        share=share,
        exact=exact,
        free=free,
        nested=nested,
        tolerance=tolerance,
    )
    solver = scenario.spec.solver
    outcome = run(
        plan,
        time_limit=solver.time_limit if time_limit is None else time_limit,
        backend=backend or solver.backend,
        cross_check=cross_check,
        report_progress=progress,
    )
    return build_sweep(outcome, lang)


def _refuse_amounts(scenario: ScenarioData, names: Sequence[str]) -> None:
    """Refuse an amount in place of an envelope id; `start` and `stop` come after it."""
    known = {spec.id for spec, _ in scenario.spec.programme.walk()}
    for name in names:
        if name in known or not _is_amount(name):
            continue
        raise UsageError(
            Text(
                f"« {name} » est un montant, et le premier argument après le scénario est une enveloppe. start et "
                f'stop sont les deuxième et troisième : écrivez tnt.sweep(s, start="{name}", stop=…).',
                f'"{name}" is an amount, and the first argument after the scenario is an envelope. start and stop '
                f'are the second and third arguments: write tnt.sweep(s, start="{name}", stop=…).',
            ),
            code="usage.envelope",
        )


def _is_amount(text: str) -> bool:
    """Whether a text is an amount or a percentage."""
    try:
        parse_cents(text.strip().removesuffix("%").strip())
    except MoneyError:
        return False
    return True


def build_sweep(result: SweepResult, lang: Lang | str | None = None) -> Sweep:
    """Wrap the points of a sweep with their document."""
    tongue = Lang(lang or result.plan.scenario.spec.locale)
    return Sweep(sweep_document(result, tongue), result, tongue)


def _save_text(text: str, path: str | Path | None) -> str:
    if path is not None:
        put_file(Path(path), text.encode())
    return text
