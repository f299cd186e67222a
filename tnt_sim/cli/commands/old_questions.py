"""Questions that `sweep` took as options: `sweep --next` is now `marginal-euro`, and so on.

The old forms work until 0.3.0; then this file goes, with the hidden options of `sweep`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from tnt_sim.cli.answer import StudyOptions
from tnt_sim.cli.commands.extension_shares import parse_key
from tnt_sim.cli.commands.marginal_answers import run_question
from tnt_sim.cli.console import print_note
from tnt_sim.cli.invocation import get_invocation, read_locale
from tnt_sim.cli.options import parse_lang
from tnt_sim.errors import UsageError
from tnt_sim.i18n.command_words import quote_argument
from tnt_sim.i18n.message import _

_VERBS = MappingProxyType(
    {
        "--next": "marginal-euro",
        "--entries": "entry-thresholds",
        "--target": "target",
        "--prices": "rule-prices",
        "--extend": "extension-shares",
    }
)
_OF_ENTRIES = ("--from", "--to", "--at", "--steps", "--share", "--nested")
_IGNORED_BY_ENTRIES = ("--exact", "--free")


@dataclass(frozen=True)
class OldQuestion:
    """Question written as an option of `sweep`, with the other options of the line."""

    option: str
    arguments: Sequence[str]
    envelopes: Sequence[str]
    others: Mapping[str, object]

    def run(self, options: StudyOptions) -> int:
        """Answer as the verb of the question does, after one line on stderr that names the new command."""
        if not options.quiet:
            command = " ".join([get_invocation().program, *map(quote_argument, self._list_words(options))])
            lang = parse_lang(options.lang, read_locale([options.scenario]))
            print_note(
                _('"sweep {option}" is now written: {command}', option=self.option, command=command).in_(lang)
            )
        return run_question(
            _VERBS[self.option], options, *self.arguments, is_old_form=True, **self._build_keywords()
        )

    def _build_keywords(self) -> Mapping[str, object]:
        envelope = self.envelopes[0] if self.envelopes else None
        if self.option == "--next":
            return {"envelopes": self.envelopes or None}
        if self.option == "--extend":
            key = self.others["--key"]
            return {"key": None if key is None else parse_key(str(key))}
        if self.option != "--entries":
            return {"envelope": envelope}
        return {
            "envelope": envelope,
            "start": self.others["--from"],
            "stop": self.others["--to"],
            "at": self.others["--at"],
            "steps": self.others["--steps"],
            "share": self.others["--share"],
            "nested": self.others["--nested"],
            "dossiers": self.others["--dossier"],
        }

    def _list_words(self, options: StudyOptions) -> list[str]:
        """List the words of the new command, all options included."""
        named = {
            "--envelope": self.envelopes,
            **{name: value for name, value in self.others.items() if name not in _IGNORED_BY_ENTRIES},
            "--set": options.sets,
            "--time-limit": options.time_limit,
            "--out": options.out,
            "--force": options.force,
            "--lang": options.lang,
            "--json": options.as_json,
        }
        words = [_VERBS[self.option], options.scenario.as_posix(), *self.arguments]
        for name, value in named.items():
            if value is True:
                words.append(name)
            elif _is_written(value):
                for one in value if isinstance(value, list | tuple) else [value]:
                    words += [name, str(one)]
        return words


def find_old_question(
    *,
    next_euro: bool,
    entries: bool,
    target: Sequence[str],
    prices: bool,
    extend: str | None,
    envelopes: Sequence[str],
    others: Mapping[str, object],
) -> OldQuestion | None:
    """Return the question that a line of `sweep` asks; None for the curve.

    Parameters
    ----------
    others : the other options of the line by name, with their values

    Raises
    ------
    UsageError
        For two questions at once, or options that belong to another one.
    """
    requested = {
        "--next": next_euro,
        "--entries": entries,
        "--target": bool(target),
        "--prices": prices,
        "--extend": extend is not None,
    }
    named = [name for name, given in requested.items() if given]
    if len(named) > 1:
        raise _build_together_error(named[0], named[1])
    only = named[0] if named else None
    for name, question in (("--dossier", "--entries"), ("--key", "--extend")):
        if _is_written(others[name]) and only != question:
            raise UsageError(
                _("{name} only goes with {question}.", name=name, question=question),
                code="usage.together",
            )
    if only is None:
        return None
    fitting = {"--entries": (*_OF_ENTRIES, *_IGNORED_BY_ENTRIES, "--dossier"), "--extend": ("--key",)}
    for name, value in others.items():
        if _is_written(value) and name not in fitting.get(only, ()):
            raise _build_together_error(only, name)
    if only == "--extend" and envelopes:
        raise _build_together_error("--extend", "--envelope")
    if only != "--next" and len(envelopes) > 1:
        raise UsageError(
            _("{only} looks at one envelope.", only=only),
            code="usage.envelope",
        )
    return OldQuestion(only, target if extend is None else (extend,), envelopes, others)


def _is_written(value: object) -> bool:
    return value not in (None, False, (), [], "free")


def _build_together_error(option: str, other: str) -> UsageError:
    return UsageError(
        _("{option} and {other} do not go together.", option=option, other=other),
        code="usage.together",
    )
