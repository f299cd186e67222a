"""A table that the planner's page was given, read with the intake of `tnt-sim new --from`."""

from __future__ import annotations

from collections.abc import Mapping
from contextvars import copy_context
from pathlib import Path

from tnt_sim.app.start.uploaded_table import ORIGINAL, Starting, TableReader, UploadedTable, choose_folder
from tnt_sim.cli.intake_project import (
    build_files,
    build_refresh_command,
    merge_answers,
    propose_amount,
    read_table,
)
from tnt_sim.cli.invocation import get_invocation
from tnt_sim.i18n.message import Lang
from tnt_sim.ingest.intake.answers import IntakeAnswers
from tnt_sim.reporting.reports.intake_review import build_report


def build_starting(base: Path, lang: Lang) -> Starting:
    """Return how a table becomes a project in a new folder of `base`."""
    context = copy_context()  # threads of the server begin without how the program was started

    def read(name: str, data: bytes, before: IntakeAnswers, stated: IntakeAnswers) -> UploadedTable:
        return context.copy().run(read_upload, base, lang, name, data, before, stated)

    reader: TableReader = read
    return Starting(reader, get_invocation().format_command("app"))


def read_upload(
    base: Path, lang: Lang, name: str, data: bytes, before: IntakeAnswers, stated: IntakeAnswers
) -> UploadedTable:
    """Read the bytes of a file for a project of its own, with earlier answers and newly stated ones."""
    folder = choose_folder(base, name)
    table, refresh = folder / ORIGINAL / name, build_refresh_command(folder)
    answers = merge_answers(before, stated)
    read = read_table(Path(name), answers, refresh, data=data)

    def build_project(amount: str) -> Mapping[str, bytes]:
        return context.copy().run(_build_project, amount)

    def _build_project(amount: str) -> Mapping[str, bytes]:
        files = build_files(read, folder, table, lang, refresh, amount)
        return {**files, f"{ORIGINAL}/{name}": data}

    context = copy_context()
    return UploadedTable(
        intake=read.intake,
        questions=read.questions,
        answers=answers,
        folder=folder,
        amount=propose_amount(read.intake, lang),
        report=build_report(read.intake, read.questions, read.unread),
        build_files=build_project,
    )
