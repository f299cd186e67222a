"""Options that the verbs of questions share, declared once, and how each of them shows its answer.

A verb takes a group as one parameter, and `expand_groups` makes an option of each of its fields.
"""

from __future__ import annotations

import inspect
import time
from collections.abc import Callable, Sequence
from dataclasses import MISSING, dataclass, fields, is_dataclass
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_type_hints

from tnt_sim.cli.console import (
    build_hint,
    emit,
    format_arguments,
    get_width,
    print_note,
    print_page,
)
from tnt_sim.cli.invocation import get_written_locale, read_locale
from tnt_sim.cli.options import (
    ColumnOption,
    DropOption,
    EncodingOption,
    ForceOption,
    HeaderRowOption,
    JsonOption,
    LangOption,
    PageOption,
    ProjectOption,
    QuietOption,
    RunArgument,
    ScenarioArgument,
    SetOption,
    SheetOption,
    TakeOption,
    TimeLimitOption,
    ValueOption,
    parse_lang,
    parse_seconds,
)
from tnt_sim.errors import UsageError
from tnt_sim.i18n.message import Lang, _

if TYPE_CHECKING:
    from rich.text import Text as Line

    from tnt_sim.deadline import Deadline
    from tnt_sim.ingest.intake.answers import IntakeAnswers
    from tnt_sim.reporting.report_tree import Report
    from tnt_sim.scenario.scenario import ScenarioData

STOPPED, INFEASIBLE = 5, 4


@dataclass(frozen=True, kw_only=True)
class OutputOptions:
    """How an answer is shown."""

    lang: LangOption = None
    as_json: JsonOption = False
    quiet: QuietOption = False

    def show(
        self,
        report: Report | Callable[[], Report],
        document: object,
        lang: Lang,
        hint: Sequence[Line] = (),
    ) -> None:
        """Print the document with `--json`, otherwise the report, then what to type next.

        Parameters
        ----------
        report : or what builds it, where that takes time; called only if the report is shown
        """
        if self.as_json:
            emit(document)
        elif not self.quiet:
            from tnt_sim.reporting.renderers.terminal import render_report

            built = report() if callable(report) else report
            print_page([*render_report(built, lang, get_width()), *hint])


@dataclass(frozen=True, kw_only=True)
class TableOptions:
    """Options by which a planner describes a table: its place, columns, lines and values."""

    sheet: SheetOption = None
    encoding: EncodingOption = None
    header_row: HeaderRowOption = None
    column: ColumnOption = None
    take: TakeOption = None
    drop: DropOption = None
    value: ValueOption = None

    def parse(self) -> IntakeAnswers:
        """Return the answers that the options give."""
        from tnt_sim.cli.intake_project import parse_columns, parse_values
        from tnt_sim.ingest.intake.answers import IntakeAnswers

        options: dict[str, object] = {
            "sheet": self.sheet,
            "header_row": self.header_row,
            "encoding": self.encoding,
            "columns": parse_columns(self.column or ()),
            "take": tuple(self.take or ()),
            "drop": tuple(self.drop or ()),
            "values": parse_values(self.value or ()),
        }
        return IntakeAnswers.model_validate({key: value for key, value in options.items() if value})

    def format_arguments(self) -> str:
        """Return the options as they are typed, each with a space before it."""
        from tnt_sim.i18n.command_words import quote_argument

        stated = {entry.name.replace("_", "-"): getattr(self, entry.name) for entry in fields(self)}
        return "".join(
            f" --{name} {quote_argument(str(value))}"
            for name, values in stated.items()
            for value in (values if isinstance(values, list) else [values])
            if value is not None
        )


@dataclass(frozen=True, kw_only=True)
class AnswerOptions(OutputOptions):
    """How an answer is shown, and the page or the workbook that it writes."""

    out: PageOption = None
    force: ForceOption = False

    def check(self) -> None:
        """Check the language and the file to write, before anything is computed."""
        parse_lang(self.lang)
        if self.out is not None:
            check_out(self.out, force=self.force)

    def show(
        self,
        report: Report | Callable[[], Report],
        document: object,
        lang: Lang,
        hint: Sequence[Line] = (),
    ) -> None:
        """Write the file of `--out` first."""
        if self.out is not None:
            report = report() if callable(report) else report
            write_report(self.out, report, lang)
        super().show(report, document, lang, hint)
        if self.out is not None and not (self.quiet or self.as_json):
            print_note(_("Written: {file}", file=self.out).in_(lang))


@dataclass(frozen=True, kw_only=True)
class LimitedOptions(AnswerOptions):
    """Options of an answer that takes its time."""

    time_limit: TimeLimitOption = None

    @property
    def seconds(self) -> float | None:
        """Return the time limit in seconds."""
        return parse_seconds(self.time_limit)

    def build_deadline(self) -> Deadline:
        """Return the time limit, from now."""
        from tnt_sim.deadline import Deadline

        return Deadline(self.seconds)

    def compute_seconds_left(self, began: float) -> float | None:
        """Return the seconds that are left of the limit; None without one.

        Parameters
        ----------
        began : when the command began, as `time.monotonic` gives it
        """
        return None if self.seconds is None else self.seconds - (time.monotonic() - began)

    def check(self) -> None:
        """Check the time limit too."""
        super().check()
        parse_seconds(self.time_limit)


@dataclass(frozen=True, kw_only=True)
class ScenarioOptions(AnswerOptions):
    """Options of a verb that reads a scenario."""

    scenario: ScenarioArgument
    sets: SetOption = None

    def load_scenario(self) -> tuple[ScenarioData, Lang]:
        """Check the options, then load the scenario; return it with the language of the answer."""
        self.check()
        from tnt_sim.scenario.load import load_scenario

        scenario = load_scenario(self.scenario, tuple(self.sets or ()))
        return scenario, parse_lang(self.lang, get_written_locale(scenario))

    def build_hint(self, verb: str, lang: Lang, *further_sets: str) -> list[Line]:
        """Return what to type next on this scenario, with its changes; a further one replaces that of its key."""
        replaced = {text.partition("=")[0].strip() for text in further_sets}
        own = [text for text in self.sets or () if text.partition("=")[0].strip() not in replaced]
        sets = [*own, *further_sets]
        return build_hint(verb, lang, format_arguments(self.scenario, sets=sets))


@dataclass(frozen=True, kw_only=True)
class StudyOptions(LimitedOptions, ScenarioOptions):
    """Options of a question on a scenario."""


@dataclass(frozen=True, kw_only=True)
class RunOptions(AnswerOptions):
    """Options of a verb that reads a run folder."""

    run_dir: RunArgument
    project: ProjectOption = None

    def choose_lang(self) -> Lang:
        """Check the options; return the language of the answer."""
        self.check()
        return parse_lang(self.lang, read_locale([self.run_dir]))

    def build_hint(self, verb: str, lang: Lang) -> list[Line]:
        """Return what to type next on this run."""
        return build_hint(verb, lang, format_arguments(self.run_dir))


@dataclass(frozen=True, kw_only=True)
class RunStudyOptions(LimitedOptions, RunOptions):
    """Options of a question on a run folder that takes its time."""


def expand_groups(verb: Callable[..., int]) -> Callable[..., int]:
    """Return a verb whose groups of options became one parameter for each option."""
    signature = inspect.signature(verb, eval_str=True)
    groups: dict[str, Any] = {
        name: parameter.annotation
        for name, parameter in signature.parameters.items()
        if is_dataclass(parameter.annotation)
    }
    if not groups:
        return verb
    parameters: list[inspect.Parameter] = []
    for name, parameter in signature.parameters.items():
        parameters += _list_parameters(groups[name]) if name in groups else [parameter]
    parameters = [parameter.replace(kind=inspect.Parameter.KEYWORD_ONLY) for parameter in parameters]

    @wraps(verb)
    def call(**values: Any) -> int:
        for name, group in groups.items():
            values[name] = group(**{field.name: values.pop(field.name) for field in fields(group)})
        return verb(**values)

    call.__signature__ = signature.replace(parameters=parameters)  # type: ignore[attr-defined]
    call.__annotations__ = {parameter.name: parameter.annotation for parameter in parameters}
    return call


def _list_parameters(group: Any) -> list[inspect.Parameter]:
    types = get_type_hints(group, include_extras=True)
    return [
        inspect.Parameter(
            field.name,
            inspect.Parameter.KEYWORD_ONLY,
            default=inspect.Parameter.empty if field.default is MISSING else field.default,
            annotation=types[field.name],
        )
        for field in fields(group)
    ]


def check_out(out: Path, *, force: bool) -> None:
    """Check that a page or a workbook may be written to a path."""
    from tnt_sim.engine.run_folder.atomic_write import check_target

    if out.suffix.lower() not in (".html", ".xlsx"):
        raise UsageError(
            _('--out "{name}": give a name that ends in .html or .xlsx.', name=out.name),
            code="usage.out",
        )
    check_target(out, replace=force)


def write_report(out: Path, report: Report, lang: Lang) -> None:
    """Write a report as a page or a workbook, by the suffix."""
    from tnt_sim.engine.run_folder.atomic_write import put_file
    from tnt_sim.reporting.renderers.html import render_report_html
    from tnt_sim.reporting.renderers.xlsx import build_report_workbook

    html = out.suffix.lower() == ".html"
    put_file(out, render_report_html(report, lang).encode() if html else build_report_workbook(report, lang))
