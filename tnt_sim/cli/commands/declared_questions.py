"""The verbs of declared questions: their options, what they print, and their exit codes."""

from __future__ import annotations

import inspect
import time
from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction
from pathlib import Path
from types import MappingProxyType, UnionType
from typing import Annotated, Any, get_args

from tnt_sim.cli.answer import INFEASIBLE, STOPPED, StudyOptions
from tnt_sim.cli.clash import show_without_allocation
from tnt_sim.cli.console import INTERRUPTED_AND_TOLD, show_remaining_time
from tnt_sim.cli.options import build_typer_option
from tnt_sim.cli.source_notes import print_changes
from tnt_sim.studies.functions import find_answer
from tnt_sim.studies.options import TypedOption
from tnt_sim.studies.study import Study

_SEVERAL = inspect.Parameter.VAR_POSITIONAL
_TYPED: Mapping[Any, type | UnionType] = MappingProxyType(
    {
        Sequence[str]: list[str] | None,
        Sequence[str] | None: list[str] | None,
        Sequence[str | int]: list[str] | None,
        str | int: str,
        str | int | None: str | None,
        Mapping[str, int] | None: str | None,
        Mapping[str, tuple[str, str]] | None: list[str] | None,
        Fraction | str: str,
        str | Path: Path,
    }
)
"""What Typer reads, by the type of a parameter of a question."""


def build_verb(study: Study) -> Callable[..., int]:
    """Return the function of a verb: its options are those of all questions, and its own."""
    parsers = {one.name: parse for one in study.typed_options if (parse := get_args(one.annotation)[1].parse)}
    rest = next((one.name for one in study.typed_options if one.kind is _SEVERAL), None)

    def run(options: StudyOptions, **typed: Any) -> int:
        began = time.monotonic()
        given = {name: value for name, value in typed.items() if value is not None}
        chosen = {name: parsers[name](value) if name in parsers else value for name, value in given.items()}
        arguments = [] if rest is None else chosen.pop(rest, [])
        scenario, lang = options.load_scenario()
        with show_remaining_time(lang, wanted=not options.quiet) as progress:
            answer = find_answer(
                study,
                scenario,
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
        if code == INFEASIBLE and answer.is_without_allocation:
            left, report = options.compute_seconds_left(began), answer.build_report()
            show_without_allocation(options, report, data, scenario=scenario, lang=lang, seconds=left)
        else:
            choose = getattr(says, "choose_sets", None)
            enough = choose(data) if choose else None if code else ()
            hint = () if enough is None else options.build_hint(study.verb, lang, *enough)
            options.show(answer.build_report, data, lang, hint)
        return code

    first = inspect.Parameter("options", inspect.Parameter.POSITIONAL_OR_KEYWORD, annotation=StudyOptions)
    run.__signature__ = inspect.Signature([first, *map(_convert_option, study.typed_options)])  # type: ignore[attr-defined]
    return run


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
