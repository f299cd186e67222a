"""The page on which a planner gives a table: the table read, its doubts, the amount, then a new project.

    file -> reading with its questions -> answers -> reading again … -> amount -> folder written -> page

The browser gives bytes and a name; no path of it is used. Nothing is written before the last step, and never over
a file that exists.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import cache
from importlib.resources import files
from pathlib import Path
from tempfile import TemporaryDirectory
from types import MappingProxyType
from typing import Any

import jinja2
from markupsafe import Markup

from tnt_sim.app.open_page import Event
from tnt_sim.app.request_guard import generate_token
from tnt_sim.app.start.uploaded_table import Starting, UploadedTable, normalise_file_name
from tnt_sim.disk import build_write_error, put_all, quote_path
from tnt_sim.domain.money import MoneyError, parse_cents
from tnt_sim.domain.portfolio import CANONICAL, FIXED_VALUES
from tnt_sim.errors import Defect, TntError, UsageError
from tnt_sim.i18n.command_words import quote_argument
from tnt_sim.i18n.message import Lang, Text, _, _n, _p
from tnt_sim.i18n.numbers import format_amount, get_currency, set_currency
from tnt_sim.i18n.parameters import Count, Money
from tnt_sim.ingest.intake.answers import IntakeAnswers
from tnt_sim.ingest.intake.intake import Intake
from tnt_sim.ingest.intake.lines import LineKind
from tnt_sim.reporting.renderers.html import render_report_body
from tnt_sim.rules.expressions.column_text import COLUMN, describe_value
from tnt_sim.rules.expressions.text import capitalise
from tnt_sim.scenario.load import load_scenario
from tnt_sim.scenario.problem import compile_problem

START: Mapping[str, Text] = MappingProxyType(
    {
        "title": _("Begin with a table"),
        "intro": _(
            "Give the table of your applications as your office has it: Excel (.xlsx), OpenDocument (.ods) or "
            "text (.csv). It stays on this machine."
        ),
        "file": _("1. The file"),
        "choose": _("The table"),
        "drop": _("or drop it anywhere on this page"),
        "reading": _("2. The reading"),
        "questions": _("Questions"),
        "questions_help": _(
            "Each has an answer meanwhile, so that none has to be answered now. The command after a question "
            "answers it later."
        ),
        "to_answer": _("To answer"),
        "change": _("Change how the table is read"),
        "sheet": _("Sheet"),
        "header_row": _("Line of the headers"),
        "encoding": _("Encoding"),
        "encoding_found": _("as found"),
        "columns": _("Meaning of the columns"),
        "columns_help": _('"?" marks a column that was guessed: check it.'),
        "more_columns": _("Other columns"),
        "no_column": _("no column"),
        "no_meaning": _("not known yet"),
        "unclear_lines": _("Lines that may be applications"),
        "line": _("Line"),
        "take": _("It is an application"),
        "review": _("The whole review of the table"),
        "opening": _("3. The envelope"),
        "amount": _("Amount of the envelope"),
        "amount_help": _(
            "For example 3 M€, 250 k€ or 1234567.89 €. You can move it on the page that follows."
        ),
        "folder": _("The project is then written in a new folder, and no other file changes:"),
        "again": _("To open it another day:"),
        "open": _("Write the folder and open the page"),
        "back": _("Back to the page"),
        "required": _p("page_text", "required"),
    }
)

START_SCRIPT: Mapping[str, Text] = MappingProxyType(
    {
        "busy": _("Reading the table…"),
        "opening": _("Computing the first allocation…"),
        "gone": _('"tnt-sim app" no longer answers. Start it again, then reload the page.'),
        "several": _("One table at a time: only the first of these files was read."),
    }
)

MOST_TABLE_BYTES = 64 << 20

"""Most bytes of a table that the browser gives."""

SUFFIXES = (".xlsx", ".ods", ".csv", ".tsv", ".txt", ".parquet")

SCENARIO_FILE = "scenario.yaml"

_MOST_PENDING = 4

"""Most tables that wait for their amount; one more lets the oldest go."""

_MAIN_COLUMNS = ("dossier", "title", "applicant", "requested", "score", "envelope", "department", "commune")

_ENCODINGS = ("utf-8", "cp1252", "iso-8859-15", "utf-16", "cp850", "mac_roman")

_MOST_LINES = 50


@dataclass(frozen=True, slots=True)
class StartReply:
    """Next state of the page; None leaves a part as it is.

    Attributes
    ----------
    sentence, kind : of the status, and its tone
    key : of the table that waits
    html : its review
    defects : what is wrong
    address : of the page that opens
    """

    sentence: str = ""
    kind: str = "bad"
    key: str | None = None
    html: str | None = None
    defects: str = ""
    address: str | None = None


@dataclass(frozen=True, eq=False)
class _Pending:
    """A table that was given and waits for its amount."""

    name: str
    data: bytes
    table: UploadedTable


class StartPage:
    """The page that begins with a table.

    Parameters
    ----------
    starting : how a table becomes a scenario
    open_scenario : opens the page of a scenario file and returns its address
    has_page : whether the page of a scenario is open
    lang : language of the page
    """

    def __init__(
        self,
        starting: Starting,
        open_scenario: Callable[[Path], str],
        has_page: Callable[[], bool],
        lang: Lang,
    ) -> None:
        self.lang = lang
        self._starting, self._open_scenario, self._has_page = starting, open_scenario, has_page
        self._pending: OrderedDict[str, _Pending] = OrderedDict()
        self._guard = threading.Lock()

    def render_frame(self, *, goes_back: bool) -> str:
        """Return the page before a table is given; `goes_back`: there is a page to go back to."""
        context = {
            "accept": ",".join(SUFFIXES),
            "goes_back": goes_back,
            "limit": describe_limit().in_(self.lang),
        }
        return str(_load_macros(self.lang).frame(context)).strip()

    def receive_file(self, name: str, data: bytes) -> StartReply:
        """Read a table that was given."""
        with self._guard:
            shown_as = normalise_file_name(name)
            try:
                table = self._read(shown_as, data)
            except TntError as error:
                return self._refuse(error, clears=True)
            key = generate_token()
            self._pending[key] = _Pending(shown_as, data, table)
            while len(self._pending) > _MOST_PENDING:
                self._pending.popitem(last=False)
            return self._reply_with_review(key)

    def receive_answers(self, event: Event) -> StartReply:
        """Read a table again with what the planner says of it."""
        with self._guard:
            return self._update(event) or self._reply_with_review(str(event.get("key")))

    def receive_amount(self, event: Event) -> StartReply:
        """Write the project of a table with its amount, and open its page."""
        with self._guard:
            refusal = self._update(event)
            if refusal is not None:
                return refusal
            key = str(event.get("key"))
            try:
                scenario = self._write(self._pending[key], _read_amount(event.get("amount")))
                address = self._open_scenario(scenario)
            except TntError as error:
                return self._refuse(error)
            del self._pending[key]
            return StartReply(kind="good", address=address)

    def _read(
        self,
        name: str,
        data: bytes,
        before: IntakeAnswers = IntakeAnswers(),
        stated: IntakeAnswers = IntakeAnswers(),
    ) -> UploadedTable:
        """Read a table; without an open scenario, it chooses the currency of this process anew."""
        if not self._has_page():
            set_currency(None)
        return self._starting.read(name, data, before, stated)

    def _update(self, event: Event) -> StartReply | None:
        """Read a pending table again if the event states answers; return the reply where that fails."""
        key, stated = str(event.get("key")), event.get("answers")
        pending = self._pending.get(key)
        if pending is None:
            return self._reply_with_sentence(_("The program no longer has this table: give the file again."))
        if not stated:
            return None
        try:
            answers = IntakeAnswers.model_validate(stated)
            table = self._read(pending.name, pending.data, pending.table.answers, answers)
        except TntError as error:
            return self._refuse(error)
        except ValueError:
            return self._reply_with_sentence(_("What was entered makes no sense: nothing is changed."))
        self._pending[key] = _Pending(pending.name, pending.data, table)
        return None

    def _write(self, pending: _Pending, cents: int) -> Path:
        """Write a project whose scenario is valid, and return its scenario."""
        table = pending.table
        project = table.build_files(_write_amount(cents))
        with TemporaryDirectory(prefix="tnt-sim-start-") as trial:
            put_all({Path(trial) / name: data for name, data in project.items()})
            compile_problem(load_scenario(Path(trial) / SCENARIO_FILE))
        try:
            put_all({table.folder / name: data for name, data in project.items()}, replace=False)
        except OSError as error:
            remedy = _("Start tnt-sim app in a folder where you may write.")
            raise build_write_error(quote_path(table.folder), error, remedy, usage="usage.folder") from error
        return table.folder / SCENARIO_FILE

    def _reply_with_review(self, key: str) -> StartReply:
        table = self._pending[key].table
        html = str(_load_macros(self.lang).review(self._describe(table))).strip()
        return StartReply(self._summarise(table).in_(self.lang), "good", key, html)

    def _refuse(self, error: TntError, *, clears: bool = False) -> StartReply:
        """Say each defect in the words of the command; `clears`: no table is there any more."""
        sentences = [_write_defect(defect, self.lang) for defect in error.defects_found()]
        html = str(_load_macros(self.lang).defects(sentences or [error.text.in_(self.lang)])).strip()
        head = _n("{n} error", "{n} errors", n=max(1, len(sentences))).in_(self.lang)
        nothing = "" if clears else None
        return StartReply(head, key=nothing, html=nothing, defects=html)

    def _reply_with_sentence(self, text: Text) -> StartReply:
        return StartReply(text.in_(self.lang))

    @staticmethod
    def _summarise(table: UploadedTable) -> Text:
        return _(
            "{n} applications read, {requested} requested.",
            n=Count(table.intake.dossiers.height), requested=Money(int(table.intake.cents.sum())),
        )  # fmt: skip

    def _describe(self, table: UploadedTable) -> Mapping[str, object]:
        """Return what the review of a table shows."""
        intake, lang = table.intake, self.lang
        sheet = intake.table.sheet
        scenario = table.folder / SCENARIO_FILE
        named = dict.fromkeys(entry.sheet.name for entry in intake.sheets if entry.sheet.visible)
        return {
            "summary": self._summarise(table).in_(lang),
            "questions": [
                {
                    "text": capitalise(entry.text.in_(lang)),
                    "about": _describe_share(entry.n, entry.cents, lang),
                    "answer": entry.answer.in_(lang),
                }
                for entry in table.questions
            ],
            "sheets": list(named) if len(named) > 1 else [],
            "sheet": sheet.name,
            "header_row": intake.header_row if intake.table.header_rows else None,
            "encodings": _ENCODINGS if sheet.encoding else (),
            "encoding": table.answers.encoding or "",
            "headers": [label for label in intake.table.labels if label],
            **_describe_columns(intake, lang),
            "values": _describe_values(intake, lang),
            "lines": [
                {"row": line.row, "text": line.text, "reason": line.reason.in_(lang)}
                for line in intake.list_lines(LineKind.QUESTIONED)[:_MOST_LINES]
            ],
            "report": Markup(render_report_body(table.report, lang)),
            "amount": table.amount,
            "folder": str(table.folder),
            "again": f"{self._starting.command} {quote_argument(scenario.as_posix())}",
        }


def _write_defect(defect: Defect, lang: Lang) -> str:
    """Return a defect as the command shows it; a remedy that is an option of the command is another one here."""
    if defect.code == "no_header":
        hint = _(
            "One line must hold the headers, such as number, title and amount requested, with the applications "
            "below."
        )
        defect = replace(defect, hint=hint)
    return defect.describe(lang)


def describe_limit() -> Text:
    """Write the largest file that is taken."""
    return _("A file has at most {n} MB.", n=MOST_TABLE_BYTES >> 20)


def _describe_share(n: int, cents: int, lang: Lang) -> str:
    lines = [_n("{n} line", "{n} lines", n=n).in_(lang)] if n else []
    return ", ".join([*lines, *([format_amount(cents, lang)] if cents else [])])


def _describe_columns(intake: Intake, lang: Lang) -> dict[str, object]:
    """Return the fields that a column may hold, each with the header that is read for it now."""
    names = [name for name in CANONICAL if name in COLUMN]
    fields = []
    for name in names:
        reading = intake.get_column(name)
        fields.append(
            {
                "name": name,
                "words": capitalise(COLUMN[name].in_(lang)),
                "header": reading.label if reading is not None else "",
                "doubtful": reading is not None and not reading.certain,
            }
        )
    main = [entry for entry in fields if entry["name"] in _MAIN_COLUMNS]
    return {"main": main, "further": [entry for entry in fields if entry not in main]}


def _describe_values(intake: Intake, lang: Lang) -> list[dict[str, object]]:
    """Return the values without a meaning of columns that take fixed values."""
    return [
        {
            "name": values.name,
            "label": values.label,
            "unknown": [
                (entry.value, _('"{value}" means', value=entry.value).in_(lang))
                for entry in values.values
                if not entry.known
            ],
            "choices": [
                (choice, describe_value(values.name, choice).in_(lang))
                for choice in FIXED_VALUES[values.name]
            ],
        }
        for values in intake.values
        if values.name in FIXED_VALUES and not values.settled
    ]


def _read_amount(text: object) -> int:
    """Return the cents of an amount as the planner typed it."""
    typed, cents = str(text or "").strip(), 0
    with suppress(MoneyError):
        cents = parse_cents(typed)
    if cents <= 0:
        raise UsageError(
            _('"{typed}" is no amount of an envelope. Write for example 3 M€ or 250 k€.', typed=typed),
            code="usage.amount",
        )
    return cents


def _write_amount(cents: int) -> str:
    """Return an amount as a scenario writes it, exactly."""
    whole, rest = divmod(cents, 100)
    symbol = get_currency().symbol
    return f"{whole}.{rest:02d} {symbol}" if rest else f"{whole} {symbol}"


@cache
def _load_macros(lang: Lang) -> Any:
    """Return the macros of `start.html` in one language."""
    environment = jinja2.Environment(
        autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    text = (files("tnt_sim") / "app" / "assets" / "start.html").read_text(encoding="utf-8")
    words = {key: phrase.in_(lang) for key, phrase in START.items()}
    return environment.from_string(text).make_module(
        {"t": words, "lang": lang.value, "colon": _(":").in_(lang)}
    )
