"""Texts of the page on which a planner gives a table."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from tnt_sim.i18n.message import Text, _, _p

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
