"""Options of a reading at the server of démarches-simplifiées, and the reading, for `import` and `refresh`."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tnt_sim.cli.console import print_note
from tnt_sim.cli.options import DemarcheOption, TokenOption, parse_seconds
from tnt_sim.disk import create_folders
from tnt_sim.errors import TntError, UsageError
from tnt_sim.i18n.message import N_, Lang, Text, _, _n

if TYPE_CHECKING:
    from tnt_sim.exchange.demarche_reading import DossierReading, ReadingSource
    from tnt_sim.reporting.reading_document import ApiReading


class InterruptedReadingError(TntError):
    """A reading that Ctrl-C ended, with pages in its journal."""

    code = "interrupted"
    exit_code = 130


FromApiOption = Annotated[
    str | None,
    typer.Option(
        "--from-api", metavar="URL", help=N_("The address of the API, from which the applications are read.")
    ),
]
FullOption = Annotated[
    bool, typer.Option("--full", help=N_("Reads all applications, not only those that changed since."))
]
ReadLimitOption = Annotated[
    str | None,
    typer.Option(
        "--time-limit",
        metavar=N_("DURATION"),
        help=N_('How long the reading may take, "5 min" for example; the same command goes on.'),
    ),
]


@dataclass(frozen=True, kw_only=True)
class ApiOptions:
    """Where dossiers are read from, with whose token."""

    from_api: FromApiOption = None
    demarche: DemarcheOption = None
    token_file: TokenOption = None
    full: FullOption = False
    time_limit: ReadLimitOption = None

    def check(self) -> None:
        """Check the options before anything is read."""
        if self.from_api is None:
            if self != type(self)():
                text = _("--demarche, --token-file, --full and --time-limit go with --from-api URL.")
                raise UsageError(text, code="usage.from-api")
            return
        from tnt_sim.exchange.graphql_client import check_url

        check_url(self.from_api)
        parse_seconds(self.time_limit)

    def format_arguments(self) -> list[str]:
        """Return the options that the same reading needs again, as words."""
        words = ["--from-api", self.from_api or ""]
        words += ["--demarche", str(self.demarche)] if self.demarche is not None else []
        return words + (["--token-file", str(self.token_file)] if self.token_file is not None else [])


@contextmanager
def read_dossiers(
    folder: Path, source: ReadingSource, options: ApiOptions, lang: Lang, *, quiet: bool
) -> Iterator[DossierReading]:
    """Read the dossiers of a procedure into a folder, and keep any other process from it meanwhile."""
    from tnt_sim.deadline import Deadline
    from tnt_sim.exchange.demarche_reading import JOURNAL, open_reading
    from tnt_sim.exchange.demarche_schema import check_reading
    from tnt_sim.exchange.graphql_client import GraphqlClient, read_token
    from tnt_sim.exchange.journal import lock_journal

    token = read_token(options.token_file, os.environ)
    client = GraphqlClient(source.api, token, Deadline(parse_seconds(options.time_limit)))
    busy = _('another reading writes to "{folder}" already. Wait for its end.', folder=folder)
    with create_folders(folder), lock_journal(folder / JOURNAL, busy):
        reading = open_reading(folder, source)
        try:
            if not (reading.is_whole or quiet):
                print_note(_("The reading that was interrupted goes on.").in_(lang))
            kinds = check_reading(client)
            with _show_pages(lang, wanted=not quiet) as report:
                reading.read(client, kinds, full=options.full, report=report)
        except KeyboardInterrupt:
            if reading.is_whole or reading.is_new:
                raise
            text = _("interrupted; the same command goes on after the pages read so far.")
            raise InterruptedReadingError(text) from None
        except TntError:
            if not (reading.is_whole or reading.is_new):
                print_note(_("The same command goes on after the pages read so far.").in_(lang))
            raise
        yield reading


@contextmanager
def _show_pages(lang: Lang, *, wanted: bool) -> Iterator[Callable[[int, int], None]]:
    """Show how many dossiers were read: on one line of a terminal, else every tenth page."""
    if not wanted:
        yield lambda pages, dossiers: None
    elif not sys.stderr.isatty():

        def print_tenth(pages: int, dossiers: int) -> None:
            if pages % 10 == 0:
                print_note(_describe_progress(dossiers).in_(lang))

        yield print_tenth
    else:
        from rich.console import Console

        with Console(stderr=True).status(_("Reading the procedure…").in_(lang)) as status:
            yield lambda pages, dossiers: status.update(_describe_progress(dossiers).in_(lang))


def _describe_progress(dossiers: int) -> Text:
    return _n("{n} application read…", "{n} applications read…", dossiers)


def describe_reading(reading: DossierReading) -> ApiReading:
    """Return what a finished reading found, for JSON documents."""
    from tnt_sim.characters import make_printable
    from tnt_sim.exchange.demarche_reading import format_moment
    from tnt_sim.reporting.reading_document import ApiReading, DeletedEntry

    added, changed, deleted = reading.list_changes()
    return ApiReading(
        api=reading.source.api,
        demarche=reading.source.demarche,
        title=make_printable(reading.title),
        read_at=format_moment(datetime.now(UTC)),
        full=reading.is_full,
        n_pages=reading.n_pages,
        n_read=reading.n_read,
        n_dossiers=len(reading.nodes),
        added=[str(number) for number in added],
        changed=[str(number) for number in changed],
        deleted=[
            DeletedEntry(
                dossier=str(one.number),
                deleted_at=one.deleted_at or None,
                reason=make_printable(one.reason),
                is_final=one.is_final,
            )
            for one in deleted
        ],
    )


def build_answer(reading: DossierReading, read_at: str) -> dict[str, bytes]:
    """Return the files of a finished reading: the dossiers, then where and when they were read."""
    from tnt_sim.exchange.demarche_reading import DOSSIERS, ORIGIN

    return {DOSSIERS: reading.render(), ORIGIN: reading.render_origin(read_at)}
