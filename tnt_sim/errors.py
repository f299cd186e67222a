"""Exceptions, defects and their places; every sentence for a planner is a `Text`, in French and English.

TntError                 exit code
├── UsageError               2     an invalid flag or argument
├── InputError               3     defects of a file, all found in one pass
│   ├── DataError                  … of a dossier table or another data file
│   └── ScenarioError              … of a scenario, contradictions included
│       └── InfeasibleScenarioError  4     … that no allocation satisfies, as is seen without a solver
├── NothingDecided           4     a question about an allocation, of a run that found none
├── LimitReached             5     a limit stopped the run before any feasible allocation was found
├── VerificationError        1     a result that violates a rule: never shown as a decision
├── DisagreementError        1     two solvers that do not agree
├── SolverError              1     a solver that failed or is missing
└── ServerError              1     a server of another system that refuses, or does not answer
"""

from __future__ import annotations

import csv
import difflib
import re
import unicodedata
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cache, cached_property
from importlib.resources import files
from typing import override

from tnt_sim.characters import build_skeleton, drop_unseen, format_difference
from tnt_sim.i18n.language import Output
from tnt_sim.i18n.message import Lang, Text, _


@dataclass(frozen=True, slots=True)
class Place:
    """Where something is wrong: a line of a text file, or a row and a cell of a table.

    Lines, columns and rows count from 1, as an editor or a spreadsheet shows them.
    """

    file: str | None = None
    line: int | None = None
    column: int | None = None
    row: int | None = None
    sheet: str | None = None
    cell: str | None = None
    dossier: str | None = None

    def __str__(self) -> str:
        where = self.file or ""
        if self.line is not None:
            where += f":{self.line}" + (f":{self.column}" if self.column is not None else "")
        if self.sheet is not None or self.cell is not None:
            where += f" ({'!'.join(part for part in (self.sheet, self.cell) if part)})"
        elif self.row is not None and self.line is None:
            where += f":{self.row}"
        if self.dossier is not None:
            where += f" [{drop_unseen(self.dossier)}]"
        return where.strip()


@dataclass(frozen=True, slots=True)
class Defect:
    """One thing that is wrong: a stable code, a sentence, its places and the remedy.

    E-mail addresses are masked. `subject` names what a contradiction is about: an envelope, a dossier, rules.
    """

    code: str
    text: Text
    places: tuple[Place, ...] = ()
    hint: Text | None = None
    subject: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        object.__setattr__(self, "text", MaskedText(self.text))
        if self.hint is not None:
            object.__setattr__(self, "hint", MaskedText(self.hint))
        if any(place.dossier and "@" in place.dossier for place in self.places):
            hidden = (
                replace(place, dossier=_without_addresses(place.dossier or "")) for place in self.places
            )
            object.__setattr__(self, "places", tuple(hidden))

    def line(self, lang: Lang) -> str:
        """Return the defect as documents keep it: ``CODE place — sentence. Remedy``."""
        return f"{self.code} {self._list_places()}".strip() + f" — {self._join(lang)}"

    def describe(self, lang: Lang) -> str:
        """Return the defect as the terminal shows it: ``place — sentence. Remedy (CODE)``."""
        where = self._list_places()
        return f"{where} — {self._join(lang)} ({self.code})" if where else f"{self._join(lang)} ({self.code})"

    def _list_places(self) -> str:
        where = ", ".join(str(place) for place in self.places[:5] if str(place))
        return where + f", … (+{len(self.places) - 5})" if len(self.places) > 5 else where

    def _join(self, lang: Lang) -> str:
        return self.text.in_(lang) + (f" {self.hint.in_(lang)}" if self.hint else "")


_ADDRESS = re.compile(r"[\w.+%'-]+@[\w-]+(?:\.[\w-]+)*", re.UNICODE)


def _without_addresses(text: str) -> str:
    return _ADDRESS.sub("…@…", text)


@dataclass(frozen=True, slots=True, eq=False)
class MaskedText(Text):
    """A sentence with e-mail addresses hidden, because files of dossiers contain those of people.

    It is written when it is shown: most warnings of a thousand draws are never read.
    """

    original: Text

    @override
    def write(self, lang: Lang, output: Output = Output.PAGE) -> str:
        return _without_addresses(self.original.write(lang, output))


_OPTION = re.compile(r"`[^`]*`|tnt-sim .*|--set |--([a-z][a-z-]+)")
"""An option of the command line, or a command as it is typed, which stays."""


def _format_argument(match: re.Match[str]) -> str:
    """Return the argument of Python for an option; nothing for `--set`, before the path of a key."""
    if match[0] == "--set ":
        return ""
    return match[0] if match[1] is None else match[1].replace("-", "_")


class TntError(Exception):
    """Base of every error that tnt_sim raises on purpose."""

    exit_code = 1
    code = "error"

    def __init__(self, text: Text, *, code: str | None = None) -> None:
        self.text = MaskedText(text)
        super().__init__(self.text.fr)
        if code is not None:
            self.code = code

    def defects_found(self) -> tuple[Defect, ...]:
        """Return the defects behind the error: one for a plain error, all of them for bad input."""
        return (Defect(self.code, self.text),)

    def translate(self, lang: Lang) -> None:
        """Show the error in one language, with keys and arguments of Python in place of options."""
        lines = self._list_lines(lang)
        self.args = ("\n".join(_OPTION.sub(_format_argument, line) for line in lines),)

    def _list_lines(self, lang: Lang) -> list[str]:
        return [self.text.in_(lang)]


class UsageError(TntError):
    """An invalid flag or argument."""

    exit_code = 2
    code = "usage"


class InputError(TntError):
    """Files that cannot be used as they are, with every defect found in one pass."""

    exit_code = 3
    code = "input"

    def __init__(self, defects: Iterable[Defect]) -> None:
        self.defects = tuple(defects)
        if not self.defects:
            raise ValueError("an InputError needs at least one defect")
        super().__init__(self.defects[0].text, code=self.defects[0].code)
        self.args = ("\n".join(self._list_lines(Lang.FR)),)

    def defects_found(self) -> tuple[Defect, ...]:
        return self.defects

    @override
    def _list_lines(self, lang: Lang) -> list[str]:
        return [defect.line(lang) for defect in self.defects]


class DataError(InputError):
    """Defects of a dossier table or of another data file."""


class WithConflict:
    """An error that an impossible setting may cause.

    Attributes
    ----------
    search_conflict : what finds the document of the conflict; None where a setting is not impossible, but wrong
    """

    search_conflict: Callable[[], Mapping[str, object] | None] | None = None

    @cached_property
    def conflict(self) -> Mapping[str, object] | None:
        """The conflict and the cheapest repairs, as `tnt.conflict` gives them; None for a mistake.

        The search takes place when this is read, 30 s at most.

        Examples
        --------
        >>> from tnt_sim.i18n.message import Bilingual
        >>> ScenarioError([Defect("unknown_column", Bilingual("inconnu", "unknown"))]).conflict is None
        True
        """
        return None if self.search_conflict is None else self.search_conflict()


class ScenarioError(WithConflict, InputError):
    """Defects of a scenario, including contradictions found without a solver."""


class NothingDecided(WithConflict, TntError):
    """A question about a decision, asked of a run that found no allocation."""

    exit_code = 4
    code = "infeasible"


class InfeasibleScenarioError(ScenarioError):
    """A scenario without any allocation: what contradicts itself as written, or as a bound shows."""

    exit_code = NothingDecided.exit_code


class LimitReached(TntError):
    """A limit stopped the run before any feasible allocation was found."""

    exit_code = 5
    code = "limit"


class VerificationError(TntError):
    """A result that violates a rule when it is verified; it is never shown as a decision."""

    code = "verification"

    def __init__(self, defects: Iterable[Defect]) -> None:
        self.defects = tuple(defects)
        super().__init__(self.defects[0].text, code=self.defects[0].code)

    def defects_found(self) -> tuple[Defect, ...]:
        return self.defects


class DisagreementError(TntError):
    """Two solvers that do not agree on one model."""

    code = "disagreement"


class SolverError(TntError):
    """A solver that failed, is missing, or cannot do what is asked."""

    code = "solver"


class ServerError(TntError):
    """A server of another system that refuses, or does not answer."""

    code = "server"


@dataclass(slots=True)
class Defects:
    """Collector of defects: add all of them, then raise once."""

    entries: list[Defect] = field(default_factory=list)

    def add(
        self,
        code: str,
        text: Text,
        *places: Place,
        hint: Text | None = None,
        subject: tuple[str, ...] = (),
    ) -> None:
        """Add one defect."""
        self.entries.append(Defect(code, text, tuple(places), hint, subject))

    def raise_if_any(self, kind: type[InputError]) -> None:
        """Raise `kind` with all defects found, or do nothing."""
        if self.entries:
            raise kind(self.entries)


@cache
def load_planner_words() -> Mapping[str, tuple[str, ...]]:
    """Return the names of the grammar by the words of planners in both languages, best name first.

    The words are in `tnt_sim/data/planner-words.csv`, by name; the keys have no accents and no plural.
    """
    text = (files("tnt_sim") / "data" / "planner-words.csv").read_text(encoding="utf-8")
    result: dict[str, list[str]] = {}
    for row in csv.DictReader(text.splitlines(), delimiter=";"):
        for word in f"{row['fr']}, {row['en']}".split(", "):
            if word.strip():
                result.setdefault(_normalise_word(word), []).append(row["name"])
    return {word: tuple(names) for word, names in result.items()}


def _normalise_word(word: str) -> str:
    """Return a word without accents, capitals, plurals and punctuation."""
    bare = unicodedata.normalize("NFKD", word.casefold().replace("œ", "oe").replace("æ", "ae"))
    parts = re.sub(r"[^a-z0-9]+", " ", "".join(c for c in bare if not unicodedata.combining(c))).split()
    return " ".join(part.removesuffix("s") if len(part) > 3 else part for part in parts)


def find_nearest_name(name: str, valid: Iterable[str]) -> str | None:
    """Return the valid name with almost the same spelling, else a synonym, else the most similar one.

    Returns None if no name is similar.
    """
    names, words = list(valid), load_planner_words()
    almost = difflib.get_close_matches(name, names, n=1, cutoff=0.85)
    meant = [one for one in words.get(_normalise_word(name), ()) if one in names]
    meant += [one for one in names if name in words.get(_normalise_word(one), ())]
    alike = difflib.get_close_matches(name, names, n=1, cutoff=0.6)
    return next(iter([*almost, *meant, *alike]), None)


def suggest_name(name: str, valid: Iterable[str]) -> Text | None:
    """Return the remedy for a misspelt name: the nearest valid one, or a few valid ones."""
    names = sorted(valid)
    skeleton = build_skeleton(name)
    for twin in names:
        if build_skeleton(twin) == skeleton != "":
            difference = format_difference(name, twin)
            return _(
                '"{twin}" looks the same, and is written otherwise ({difference}).',
                twin=twin,
                difference=difference,
            )
    close = find_nearest_name(name, names)
    if close is not None:
        return _('Did you mean "{close}"?', close=close)
    if not names:
        return None
    if len(names) > 12:
        return _("Known names: {some}…", some=", ".join(names[:12]))
    return _("Known names: {some}.", some=", ".join(names))
