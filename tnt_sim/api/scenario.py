"""Scenarios for Python users: read, change, check, solve, and ask."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import fields
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from tnt_sim.api.result import Result
from tnt_sim.engine import solve as engine
from tnt_sim.i18n.message import Lang
from tnt_sim.scenario.load import load_scenario, with_changes
from tnt_sim.scenario.problem import compile_problem
from tnt_sim.scenario.scenario import ScenarioData
from tnt_sim.studies.told_errors import with_told_errors

if TYPE_CHECKING:
    import datetime as dt
    from decimal import Decimal

    from tnt_sim.api.analysis_methods import Analyses
    from tnt_sim.api.models.model import Model
    from tnt_sim.api.session import Session
    from tnt_sim.engine.incumbent import Incumbent
    from tnt_sim.ingest.frames import Frame, MoneyUnit
    from tnt_sim.studies.study_answer import QuestionAnswer


class Scenario(ScenarioData):
    """A scenario: a programme, its rules and objectives, and the applications. It never changes.

    The attributes are those of `ScenarioData`: `id`, `title`, `spec`, `portfolio`, `warnings`, `sha256`…
    """

    @classmethod
    @with_told_errors
    def from_yaml(cls, path: str | Path, sets: Sequence[str] = ()) -> Scenario:
        """Read a scenario file, the scenarios that it extends, and its applications.

        Parameters
        ----------
        sets : changes as on the command line, `PATH=VALUE`

        Raises
        ------
        ScenarioError, DataError
            With every defect of the files.

        Examples
        --------
        >>> tnt.Scenario.from_yaml("scenario.yaml", ["programme.amount=2 M€"]).id
        'exemple'
        """
        return cls.from_data(load_scenario(path, sets))

    @classmethod
    @with_told_errors
    def from_dict(
        cls,
        mapping: Mapping[str, object],
        applications: Frame | Mapping[str, Frame] | None = None,
        *,
        tables: Mapping[str, Frame] | None = None,
        columns: Mapping[str, str] | None = None,
        money: MoneyUnit = "euros",
        folder: str | Path = ".",
    ) -> Scenario:
        """Return the scenario that a mapping describes, with the keys of a scenario file; no file is needed.

        Parameters
        ----------
        mapping : the keys of a scenario file, with texts or values of Python
        applications : the frame of applications, of polars or pandas; several by the `file` that `dossiers` gives
            them. By default the files are read from `folder`
        tables : side tables, by the name that the mapping gives them
        columns : column of the frame, by our name: `{"requested": "Montant"}`
        money : `euros`, as numbers or text, or `cents`
        folder : folder from which the mapping names other files

        Raises
        ------
        ScenarioError, DataError
            With every defect, at its key (`mapping.rules[2].max`) or at its row of the frame, which counts from 0.

        Examples
        --------
        >>> again = tnt.Scenario.from_dict(scenario.to_dict())
        >>> again.sha256 == scenario.sha256
        True
        """
        from tnt_sim.api.building.argument_scenario import build_from_mapping

        return cls.from_data(build_from_mapping(mapping, applications, tables, columns, money, folder))

    @classmethod
    @with_told_errors
    def from_frame(
        cls,
        df: Frame,
        *,
        envelopes: Mapping[str, object] | str | float | Decimal,
        rules: Sequence[Mapping[str, object]] = (),
        objective: Sequence[Mapping[str, object]] | Mapping[str, object] = (),
        id: str = "scenario",
        title: str = "",
        columns: Mapping[str, str] | None = None,
        money: MoneyUnit = "euros",
        read: Mapping[str, object] | None = None,
        tables: Mapping[str, Frame] | None = None,
        folder: str | Path = ".",
        date: dt.date | str | None = None,
        timezone: str | None = None,
        locale: Literal["fr", "en"] | None = None,
        currency: str | Mapping[str, object] | None = None,
        territory: Mapping[str, object] | None = None,
        reference: str | None = None,
        values: Mapping[str, object] | None = None,
        eligibility: Sequence[Mapping[str, object]] = (),
        grants: Sequence[Mapping[str, object]] = (),
        caps: Sequence[Mapping[str, object]] = (),
        waivers: Sequence[Mapping[str, object]] = (),
        accept: Sequence[Mapping[str, object]] = (),
        measures: Mapping[str, object] | None = None,
        steps: Sequence[Mapping[str, object]] = (),
        uncertain: Sequence[Mapping[str, object]] = (),
        letters: Mapping[str, object] | None = None,
        publisher: Mapping[str, object] | None = None,
        solver: Mapping[str, object] | None = None,
        note: str = "",
        source: str = "",
    ) -> Scenario:
        """Return a scenario of a data frame: one row for each application, the programme as arguments.

        The keywords that are not below are the keys of a scenario file.

        Parameters
        ----------
        df : the applications, of polars or pandas
        envelopes : the tree of envelopes, as `tnt.envelope` builds it, or the amount of the only one
        rules : rules, as `tnt.rules` builds them; one without `id` is named by its kind
        objective : goals by rank, as `tnt.goals` builds them
        columns : column of the frame, by our name: `{"requested": "Montant"}`
        money : `euros`, as numbers or text, or `cents`. A float that is no whole cent is refused, with its row
        read : options of reading, such as `{"rounding": "nearest"}`
        tables : side tables, by the name that a key gives them
        folder : folder from which keys name other files

        Raises
        ------
        ScenarioError, DataError
            With every defect, at its argument (`rules[2].max`) or at its row of the frame, which counts from 0.

        Examples
        --------
        >>> import polars as pl
        >>> df = pl.DataFrame({"dossier": ["A", "B"], "Montant": [800.0, 500.5], "score": [12, 15]})
        >>> small = tnt.Scenario.from_frame(
        ...     df, envelopes="1 k€", objective=[{"maximise": {"score": 1}}], columns={"requested": "Montant"}
        ... )
        >>> small.solve().table().filter(pl.col("funded"))["dossier"].to_list()
        ['B']
        """
        from tnt_sim.api.building.argument_scenario import build_from_arguments

        keys = {
            "id": id, "title": title, "note": note, "source": source, "date": date, "timezone": timezone,
            "locale": locale, "currency": currency, "territory": territory, "reference": reference,
            "values": values, "eligibility": eligibility, "grants": grants, "caps": caps, "waivers": waivers,
            "accept": accept, "measures": measures, "steps": steps, "uncertain": uncertain, "letters": letters,
            "publisher": publisher, "solver": solver,
        }  # fmt: skip
        return cls.from_data(
            build_from_arguments(df, envelopes, rules, objective, keys, columns, money, read, tables, folder)
        )

    @classmethod
    def from_data(cls, data: ScenarioData) -> Scenario:
        """Return a scenario of the engine as one with the methods of this class.

        Examples
        --------
        >>> tnt.Scenario.from_data(result.problem.scenario).id
        'exemple'
        """
        return cls(**{item.name: getattr(data, item.name) for item in fields(ScenarioData)})

    @with_told_errors
    def with_(self, changes: Mapping[str, object]) -> Scenario:
        """Return the scenario with values changed at dotted paths; its applications are not read again.

        Raises
        ------
        UsageError
            If the scenario does not come from a file.
        ScenarioError
            If the changes contradict the scenario, or a path does not exist.

        Examples
        --------
        >>> scenario.with_({"rules.plafond-departement.off": True}).solve().document["n_funded"]
        19
        """
        return self.from_data(with_changes(self, changes))

    @with_told_errors
    def to_dict(self) -> dict[str, Any]:
        """Return the merged scenario as a mapping for `from_dict`; tables are named from the project folder.

        Examples
        --------
        >>> scenario.to_dict()["programme"]["id"]
        'programme'
        """
        from tnt_sim.engine.run_folder.writer import build_resolved_tree

        return build_resolved_tree(self)

    @with_told_errors
    def to_yaml(self, path: str | Path | None = None, *, overwrite: bool = False) -> str:
        """Return the merged scenario as the text of a file that reads back with the same `sha256`.

        Parameters
        ----------
        path : writes it to this file, and beside it the tables from outside the file's project
        overwrite : replaces a file with other content

        Raises
        ------
        UsageError
            If a file with other content is there.

        Examples
        --------
        >>> text = scenario.to_yaml("copie/scenario.yaml")
        >>> tnt.read_scenario("copie/scenario.yaml").sha256 == scenario.sha256
        True
        """
        from tnt_sim.api.building.argument_scenario import render_yaml, write_yaml

        if path is None:
            return render_yaml(self)
        return write_yaml(self, Path(path), overwrite=overwrite).read_text(encoding="utf-8")

    @with_told_errors
    def validate(self, lang: Lang | str | None = None) -> dict[str, Any]:
        """Check all that can be checked without solving; the document of `tnt-sim validate --json`.

        Examples
        --------
        >>> scenario.validate()["n_eligible"]
        22
        """
        from tnt_sim.documents import dump_document
        from tnt_sim.reporting.reports.validation import build_check_document

        return dump_document(build_check_document(compile_problem(self), Lang(lang or self.spec.locale)))

    @with_told_errors
    def solve(
        self,
        *,
        backend: str | None = None,
        relax: bool = False,
        cross_check: str | None = None,
        time_limit: float | None = None,
        method: str = "auto",
        progress: Callable[[str, float], None] | None = None,
        on_incumbent: Callable[[Incumbent], None] | None = None,
    ) -> Result:
        """Find the optimal allocation with its proof.

        Parameters
        ----------
        backend : `highs`, `scipy` or `pulp:NAME`. This and the next ones are by default the scenario's
        relax : solve the linear relaxation alone, with shadow prices
        cross_check : `auto`, `never` or the name of a second solver
        time_limit : seconds for the whole
        method : `auto`, `direct`, `core` or `tree`
        progress : called with the phase and the share done, in [0, 1]
        on_incumbent : called with each better list that is found on the way, read in integers

        Raises
        ------
        UsageError
            For an unknown method or solver.
        LimitReached
            If a limit came before any allocation was found.
        ScenarioError
            If the setting contradicts itself; `error.conflict` has what clashes and the cheapest repairs.

        Examples
        --------
        >>> found = scenario.solve()
        >>> found.status.value, found.proof.value, found.document["n_funded"]
        ('optimal', 'PROVED', 17)
        """
        return Result.from_data(
            engine.solve(
                self,
                backend=backend,
                relax=relax,
                cross_check=cross_check,
                time_limit=time_limit,
                method=method,
                progress=progress,
                on_incumbent=on_incumbent,
            )
        )

    @with_told_errors
    def model(self, stage: int | str = 1, *, step: int | str = 1) -> Model:
        """Return the mixed-integer program of a stage, for PuLP, SciPy, HiGHS, and LP and MPS files.

        Parameters
        ----------
        stage : its number from 1, its name, or `least granted`
        step : of a scenario with steps, its number from 1 or its id; the earlier steps are decided first, and what
            they grant is committed

        Raises
        ------
        UsageError
            If there is no such stage or step.

        Examples
        --------
        >>> scenario.model().rows["name"].to_list()[:2]
        ['envelope_programme', 'envelope_numerique']
        """
        from tnt_sim.api.models.model import Model

        return Model.from_scenario(self, stage, step=step)

    @with_told_errors
    def check(self, values: object, *, unit: str = "euros", prove: bool = False) -> Result:
        """Read a list of another program in integers and return it as a result, with the proof that it deserves.

        Parameters
        ----------
        values : what each application gets, as a dict or a pandas series by number, a polars or pandas table with
            `dossier` and `granted_cents`, `granted` or `funded`, or a solved problem of `model().to_pulp()`.
            Applications left out get nothing; commitments stay
        unit : of a dict or series: `euros`, `cents`, or `funded` for 0 and 1
        prove : also decide the scenario, to say whether the list is as good as any

        Raises
        ------
        VerificationError
            If the list breaks a rule: one defect for each, with its distance.
        DataError
            For unknown applications, and values that are no whole cents.

        Examples
        --------
        >>> scenario.check({"E-01": 72000, "E-02": 36000}).status.value
        'feasible'
        >>> awards = result.dossiers.select("dossier", "granted_cents")
        >>> scenario.check(awards, prove=True).proof.value
        'PROVED'
        """
        from tnt_sim.api.models.outside_values import check_values

        return Result.from_data(check_values(self, values, unit, prove=prove))

    @with_told_errors
    def add(
        self,
        name: str,
        *,
        granted: Mapping[str, object] | None = None,
        funded: Mapping[str, object] | None = None,
        min: str | None = None,
        max: str | None = None,
        title: str = "",
    ) -> Scenario:
        """Return the scenario with a linear constraint of your own, a rule like the others.

            min ≤ Σ granted[i] · euros granted to i + Σ funded[i] · (1 if i is funded) ≤ max

        Parameters
        ----------
        name : id of the rule
        granted, funded : coefficient by application, exact: an integer, a decimal or a fraction
        min, max : as in a scenario file: `150 k€`, or a number where no amount is summed

        Raises
        ------
        UsageError
            If a rule has this name.
        ScenarioError
            For unknown applications and bounds that say nothing.

        Examples
        --------
        >>> paired = scenario.add("binome", granted={"E-01": 1, "E-02": 1}, max="100 k€")
        >>> found = paired.solve()
        >>> found.proof.value, found.table("rules").filter(id="binome")["holds"].item()
        ('PROVED', True)
        """
        from tnt_sim.api.models.added_rule import build_rule, with_rule

        return self.from_data(with_rule(self, build_rule(self, name, granted, funded, min, max, title)))

    @with_told_errors
    def session(self, *, backend: str = "highs") -> Session:
        """Open a session: changed versions are solved one after the other, each from what is known.

        Examples
        --------
        >>> session = scenario.session()
        >>> session.solve({"programme.amount": "1.3 M€"}).status.value
        'optimal'
        """
        from tnt_sim.api.session import Session

        return Session(self, backend=backend)

    @cached_property
    def analyse(self) -> Analyses:
        """The questions to a scenario: `scenario.analyse.sweep(…)`, `.marginal_euro()`, `.alternatives()`…

        Examples
        --------
        >>> scenario.analyse.rule_prices().table("prices").height
        3
        """
        from tnt_sim.api.analysis_methods import Analyses

        return Analyses(self)

    @property
    def extend(self) -> Callable[..., QuestionAnswer]:
        """The question `analyse.extend`: to move money at the same total, or to enlarge it.

        Examples
        --------
        >>> scenario.extend("1.3 M€").status
        'optimal'
        """
        return self.analyse.extend

    def _repr_html_(self) -> str:
        from tnt_sim.reporting.notebook.cards import render_scenario_card

        return render_scenario_card(self)


def read_scenario(path: str | Path, sets: Sequence[str] = ()) -> Scenario:
    """Read a scenario file; see `Scenario.from_yaml`.

    Examples
    --------
    >>> tnt.read_scenario("scenario.yaml").spec.locale
    'fr'
    """
    return Scenario.from_yaml(path, sets)


def by_opinion(scenario: ScenarioData, column: str, opinions: Sequence[str]) -> Scenario:
    """Return the scenario whose objective is the number of applications by opinion, the best first.

    Parameters
    ----------
    column : of the applications, that holds the opinions
    opinions : from the best to the worst

    Examples
    --------
    >>> tnt.by_opinion(scenario, "envelope", ["numerique", "mobilites"]).solve().status.value
    'optimal'
    """
    from tnt_sim.analysis.preferences.partial_weights import with_opinion_goals

    return Scenario.from_data(with_opinion_goals(scenario, column, opinions))
