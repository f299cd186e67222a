"""The verbs of declared questions: their options, what they print, and their exit codes."""

from __future__ import annotations

import inspect
import time
from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction
from pathlib import Path
from types import MappingProxyType, UnionType
from typing import TYPE_CHECKING, Annotated, Any, cast, get_args

import typer

from tnt_sim.cli.answer import INFEASIBLE, STOPPED, RunStudyOptions, StudyOptions
from tnt_sim.cli.console import INTERRUPTED_AND_TOLD, print_note, show_remaining_time
from tnt_sim.cli.options import build_typer_option
from tnt_sim.cli.source_notes import print_changes
from tnt_sim.errors import UsageError
from tnt_sim.i18n.message import N_, Lang, _
from tnt_sim.studies.functions import find_answer
from tnt_sim.studies.options import TypedOption
from tnt_sim.studies.study import Study, Subject

if TYPE_CHECKING:
    from tnt_sim.reporting.export.flat_table import Flat
    from tnt_sim.scenario.scenario import ScenarioData

_SEVERAL = inspect.Parameter.VAR_POSITIONAL
_TYPED: Mapping[Any, type | UnionType] = MappingProxyType(
    {
        Sequence[str]: list[str] | None,
        Sequence[str] | None: list[str] | None,
        Sequence[str | int]: list[str] | None,
        str | int: str,
        str | int | None: str | None,
        Mapping[str, int] | None: str | None,
        Mapping[str, str] | None: list[str] | None,
        Mapping[str, tuple[str, str]] | None: list[str] | None,
        Fraction | str: str,
        Fraction | None: str | None,
        str | Path: Path,
    }
)
"""What Typer reads, by the type of a parameter of a question."""


def build_verb(study: Study) -> Callable[..., int]:
    """Return the function of a verb: its options are those of all questions, and its own."""
    parsers = {one.name: parse for one in study.typed_options if (parse := get_args(one.annotation)[1].parse)}
    rest = next((one.name for one in study.typed_options if one.kind is _SEVERAL), None)

    def run(options: StudyOptions | RunStudyOptions, **typed: Any) -> int:
        began = time.monotonic()
        table = None if study.title_of_table is None else typed.pop("table")
        given = {name: value for name, value in typed.items() if value is not None}
        chosen = {name: parsers[name](value) if name in parsers else value for name, value in given.items()}
        arguments = [] if rest is None else chosen.pop(rest, [])
        if table is not None:
            _check_table(table, options)
        subject, lang = _load_subject(study, options)
        with show_remaining_time(lang, wanted=not options.quiet) as progress:
            answer = find_answer(
                study,
                subject,
                *arguments,
                time_limit=options.seconds,
                lang=lang,
                progress=progress,
                **chosen,
            )
        data, says = answer.data, study.load_answer()
        if hasattr(says, "list_verifications"):
            print_changes(says.list_verifications(answer.result), lang)
        code = {"infeasible": INFEASIBLE, "stopped": STOPPED}.get(answer.status, 0)
        code = INTERRUPTED_AND_TOLD if data.stopped_by == "interrupt" else code
        if code == INFEASIBLE and answer.is_without_allocation and isinstance(options, StudyOptions):
            from tnt_sim.cli.clash import show_without_allocation

            left, report = options.compute_seconds_left(began), answer.build_report()
            show_without_allocation(
                options, report, data, scenario=cast("ScenarioData", subject), lang=lang, seconds=left
            )
            return code
        if table is not None:
            _write_table(study, table, says.build_flat_table(answer.result, lang), lang)
        choose = getattr(says, "choose_sets", lambda _: None if code else ())
        enough = choose(data)
        hint = () if enough is None else options.build_hint(study.verb, lang, *enough)
        options.show(answer.build_report, data, lang, hint)
        if table is not None and not (options.quiet or options.as_json):
            print_note(_("Written: {file}", file=table).in_(lang))
        return code

    group = StudyOptions if study.subject is Subject.SCENARIO else RunStudyOptions
    first = inspect.Parameter("options", inspect.Parameter.POSITIONAL_OR_KEYWORD, annotation=group)
    files = [] if study.title_of_table is None else [_TABLE]
    run.__signature__ = inspect.Signature([first, *map(_convert_option, study.typed_options), *files])  # type: ignore[attr-defined]
    return run


def _load_subject(study: Study, options: StudyOptions | RunStudyOptions) -> tuple[object, Lang]:
    """Return the subject of the question, with the language of the answer."""
    if isinstance(options, StudyOptions):
        return options.load_scenario()
    lang = options.choose_lang()
    place = options.run_dir, options.project
    if study.subject is Subject.RUN:
        from tnt_sim.cli.commands.export import warn
        from tnt_sim.engine.run_folder.run_access import open_stored

        run = open_stored(*place, lang, deadline=options.build_deadline())
        warn(run, lang)
        return run, lang
    from tnt_sim.analysis.shared.decided_run import of_run

    decided = of_run(*place, options.build_deadline())
    print_changes([decided.verification], lang)
    return decided, lang


_TABLE = inspect.Parameter(
    "table",
    inspect.Parameter.KEYWORD_ONLY,
    default=None,
    annotation=Annotated[
        Path | None,
        typer.Option(
            "--table",
            metavar=N_("FILE"),
            help=N_("Also writes its table, one row for each entry: a name in .csv or .xlsx."),
        ),
    ],
)


def _check_table(table: Path, options: StudyOptions | RunStudyOptions) -> None:
    from tnt_sim.engine.run_folder.atomic_write import check_target

    if table.suffix.lower() not in (".csv", ".xlsx"):
        raise UsageError(
            _('--table "{name}": give a name that ends in .csv or .xlsx.', name=table.name),
            code="usage.table",
        )
    if options.out is not None and table.resolve() == options.out.resolve():
        raise UsageError(
            _('--table and --out both name "{name}": give two names.', name=table.name), code="usage.table"
        )
    check_target(table, replace=options.force)


def _write_table(study: Study, table: Path, flat: Flat, lang: Lang) -> None:
    from tnt_sim.engine.run_folder.atomic_write import put_file
    from tnt_sim.reporting.export.flat_table import CsvStyle, build_sheet_workbook, encode_csv

    if table.suffix.lower() == ".csv":
        put_file(table, encode_csv(flat, CsvStyle.FR if lang is Lang.FR else CsvStyle.INTL))
    else:
        assert study.title_of_table is not None
        put_file(table, build_sheet_workbook(flat, study.title_of_table.in_(lang), lang, None))


def _convert_option(parameter: inspect.Parameter) -> inspect.Parameter:
    """Return a parameter of a question as Typer takes it: several values of an option are a list."""
    kind, option = get_args(parameter.annotation)
    assert isinstance(option, TypedOption)
    typed: Any = _TYPED.get(kind, kind)
    if parameter.kind is _SEVERAL:
        typed = list[str] | None if option.flag else list[str]
    annotation = Annotated[typed, build_typer_option(option)]
    is_optional = parameter.default == () or (parameter.kind is _SEVERAL and option.flag)
    default = None if is_optional else parameter.default
    return parameter.replace(annotation=annotation, kind=inspect.Parameter.KEYWORD_ONLY, default=default)
