"""A question to a scenario, a decision or a run, declared once.

    @partial(Study, verb="rule-prices", answer="tnt_sim.studies.rule_prices.answer", …)
    def rule_prices(ask: Ask, *, kinds: Annotated[Sequence[str] | None, TypedOption("--kind", …)] = None) -> …

The parameters of the function are the options of the verb and of the method; those without a `TypedOption`
belong to the method alone. It returns the document of `--json`, whose records are the rows of its tables, or what
was found with this document as its `data`. The module `answer` says it, and is imported after the search:

    build_page(document)    yields the nodes of the report, for terminal, page, workbook and notebook
    build_verdict(document) yields what stands before the nodes; left out where nothing does
    choose_sets(document)   returns the changes with which one types on, None where nothing follows; left out
                            where nothing follows an answer without any list
    finish_report(report, result)  gives the report a page of its own; left out where all outputs have one
    list_verifications(result)     returns the checks of the runs that it reads; left out where it reads none
    build_answer(document)  yields what a page says first; left out where a page says nothing first
    map_tables(result)      returns what makes tables beside the lists of the document; left out where nothing does
    build_flat_table(result, lang)  returns the table of `--table`; only where the question has `title_of_table`
    list_charts()           returns what builds its charts of the result by name; left out where it has none
    is_without_allocation(document)  whether "infeasible" means that no list exists at all; left out where it does
"""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import KW_ONLY, dataclass, field
from enum import StrEnum
from functools import cached_property
from importlib import import_module
from typing import TYPE_CHECKING, Annotated, Any, cast, get_origin

from tnt_sim.i18n.message import Lang, Text

if TYPE_CHECKING:
    from types import ModuleType

    from tnt_sim.analysis.shared.progress import StudyProgress
    from tnt_sim.analysis.shared.reference_solution import ReferenceSolution, ReportProgress
    from tnt_sim.engine.budgets import Clock
    from tnt_sim.reporting.report_tree import Chart
    from tnt_sim.scenario.scenario import ScenarioData


class Subject(StrEnum):
    """The subjects of questions: a scenario, the decision of a result or a run folder, or a verified run."""

    SCENARIO = "scenario"
    DECISION = "decision"
    RUN = "run"


@dataclass
class Query[S]:
    """A question under way, and its subject."""

    subject: S
    lang: Lang
    clock: Clock
    report: ReportProgress | None

    def count(self, unit: str) -> StudyProgress:
        """Return the counter of what is examined until the time is over."""
        from tnt_sim.analysis.shared.progress import StudyProgress

        return StudyProgress(self.clock.deadline, unit)


@dataclass
class Ask(Query["ScenarioData"]):
    """A question to a scenario, whose optimum is computed where the question reads `base`.

    Attributes
    ----------
    share : of the time, for the optimum
    """

    share: float = 0.5

    @property
    def scenario(self) -> ScenarioData:
        """The scenario."""
        return self.subject

    @cached_property
    def base(self) -> ReferenceSolution:
        """The scenario's optimum; the clock then holds back the time to write the answer."""
        from tnt_sim.analysis.shared.reference_solution import solve_reference

        base = solve_reference(self.scenario, self.clock, share=self.share)
        self.clock = self.clock.hold_back_answer(base.problem.case.n)
        return base

    @cached_property
    def unproven_base(self) -> ReferenceSolution:
        """The scenario's optimum, without a certificate."""
        from tnt_sim.analysis.shared.reference_solution import solve_reference

        return solve_reference(self.scenario, self.clock, prove=False)


@dataclass(frozen=True)
class Study:
    """A question: what computes it, and all that says it.

    Attributes
    ----------
    verb, help, note, examples : the verb, and what its help says
    name : name of the method; by default that of the verb
    subject : its kind, whose method it is
    seconds : most seconds that it takes where nobody sets a limit
    title : the question in a few words, the title of its report
    document : path of the class of its document
    table : name of the list of the document that is the table of the answer, or of one of `map_tables`
    title_of_table : the name of the sheet of `--table`, where the verb writes a table as a file
    answer : path of the module that says the answer
    next : verbs that are usually typed next
    """

    compute: Callable[..., Any] = field(repr=False)
    _: KW_ONLY
    verb: str
    name: str = ""
    help: str
    note: str = ""
    examples: str
    subject: Subject = Subject.SCENARIO
    seconds: float = math.inf
    title: Text
    document: str
    table: str
    title_of_table: Text | None = None
    answer: str
    next: Sequence[str] = ()

    @property
    def method(self) -> str:
        """Name of the method among those of its subject."""
        return self.name or self.verb.replace("-", "_")

    @property
    def options(self) -> list[inspect.Parameter]:
        """The parameters that the question adds to those of all: options of the verb and of the method."""
        parameters = list(inspect.signature(self.compute).parameters.values())[1:]
        return [one.replace(annotation=eval(one.annotation, self.compute.__globals__)) for one in parameters]

    @property
    def typed_options(self) -> list[inspect.Parameter]:
        """Those that are typed on a command line."""
        return [one for one in self.options if get_origin(one.annotation) is Annotated]

    def load_answer(self) -> ModuleType:
        """Import what says the answer."""
        return import_module(self.answer)

    def list_charts(self) -> Mapping[str, Callable[..., Chart]]:
        """Return what builds the charts of the answer by name; none where it has none."""
        list_them = getattr(self.load_answer(), "list_charts", dict)
        return cast("Mapping[str, Callable[..., Chart]]", list_them())
