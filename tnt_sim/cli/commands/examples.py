"""`tnt-sim examples`: the shipped scenarios, listed, or copied with all that they read."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tnt_sim.cli.answer import OutputOptions
from tnt_sim.cli.console import build_hint_lines
from tnt_sim.cli.invocation import get_invocation
from tnt_sim.cli.options import parse_lang
from tnt_sim.disk import build_write_error, put_all, quote_path
from tnt_sim.errors import UsageError
from tnt_sim.i18n.command_words import quote_argument
from tnt_sim.i18n.message import N_, Lang, Text, _
from tnt_sim.i18n.parameters import Names

if TYPE_CHECKING:
    from tnt_sim.cli.projects.shipped_examples import Example
    from tnt_sim.reporting.command_documents import ExamplesDocument

NamesArgument = Annotated[
    list[str] | None,
    typer.Argument(
        metavar=N_("[NAME]..."), help=N_("Examples of the list; without one, the list."), show_default=False
    ),
]
CopyFolderOption = Annotated[
    Path,
    typer.Option("--out", metavar="DIR", help=N_("The folder to write to, made if it is not there.")),
]


def examples(
    output: OutputOptions, names: NamesArgument = None, *, out: CopyFolderOption = Path("examples")
) -> int:
    """List the shipped examples, or copy some of them with the tables that they read."""
    from tnt_sim.cli.projects.shipped_examples import find_examples_folder, get_example, list_examples
    from tnt_sim.reporting.reports.example_list import build_report

    tongue = parse_lang(output.lang)
    folder = find_examples_folder()
    listed = [get_example(folder, name) for name in names] if names else list_examples(folder)
    document = _build_document(listed, _copy_files(folder, listed, out, tongue) if names else {}, out, tongue)
    hint = build_hint_lines(_list_next_commands(listed, out, copied=bool(names)), tongue)
    output.show(build_report(document), document, tongue, hint)
    return 0


def _copy_files(folder: Path, listed: Sequence[Example], out: Path, lang: Lang) -> Mapping[str, bytes]:
    """Write the files of examples, and return them; a file that is there and differs is never replaced."""
    from tnt_sim.cli.project_templates import get_templates
    from tnt_sim.cli.projects.shipped_examples import read_files

    files = {"tnt-sim.toml": get_templates(lang).project.encode()}
    for example in listed:
        files |= read_files(folder, example)
    changed = [name for name, data in files.items() if not _can_write(out / name, data)]
    if changed:
        raise UsageError(
            _(
                '"{folder}" has another {files}: nothing is written. Choose another folder: --out DIR.',
                folder=out,
                files=Names(changed),
            ),
            code="usage.folder",
        )
    try:
        put_all({out / name: data for name, data in files.items()})
    except OSError as error:
        remedy = _("Choose another folder: --out DIR.")
        raise build_write_error(quote_path(out), error, remedy, usage="usage.folder") from error
    return files


def _can_write(path: Path, data: bytes) -> bool:
    """Return whether a path is free, or holds these bytes; a project file of its own stays."""
    if path.name == "tnt-sim.toml" and path.is_file():
        return True
    return not path.exists() or (path.is_file() and path.read_bytes() == data)


def _build_document(
    listed: Sequence[Example], files: Mapping[str, bytes], out: Path, lang: Lang
) -> ExamplesDocument:
    from tnt_sim.reporting.command_documents import ExampleEntry, ExamplesDocument, WrittenFile

    return ExamplesDocument(
        status="written" if files else "listed",
        folder=str(out) if files else None,
        examples=[
            ExampleEntry(
                name=one.name,
                kind=one.kind.value,
                file=one.file,
                title=one.title.in_(lang) if isinstance(one.title, Text) else one.title,
                synthetic=one.synthetic,
                base=one.base or None,
            )
            for one in listed
        ],
        files=[
            WrittenFile(path=name, sha256=hashlib.sha256(data).hexdigest()) for name, data in files.items()
        ],
    )


def _list_next_commands(listed: Sequence[Example], out: Path, *, copied: bool) -> list[str]:
    from tnt_sim.cli.projects.shipped_examples import ExampleKind

    if not copied:
        return [get_invocation().format_command("examples tnt-2021")]
    example = listed[0]
    file = quote_argument((out / example.file).as_posix())
    command = {
        ExampleKind.SCENARIO: f"run {file}",
        ExampleKind.BATCH: f"batch {file} --out {quote_argument((out / 'lots').as_posix())}",
        ExampleKind.TABLE: f"new mine --from {file}",
    }[example.kind]
    return [get_invocation().format_command(command)]
