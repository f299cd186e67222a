"""`tnt-sim import`: turn an export into a clean table of applications, with data-quality findings.

With `--consolidate`, the workbooks of the departments in a folder become one set of choices.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tnt_sim.cli.answer import OutputOptions
from tnt_sim.cli.api_reading import ApiOptions, build_answer, describe_reading, read_dossiers
from tnt_sim.cli.commands.run import format_path
from tnt_sim.cli.console import build_hint_lines, format_arguments, print_note
from tnt_sim.cli.invocation import get_invocation
from tnt_sim.cli.options import parse_lang
from tnt_sim.errors import DataError, Defect, UsageError, suggest_name
from tnt_sim.i18n.message import N_, NO_TEXT, Bilingual, Lang, Text, _

if TYPE_CHECKING:
    from tnt_sim.exchange.demarche_reading import ReadingSource
    from tnt_sim.ingest.forms.form_import import Imported
    from tnt_sim.ingest.forms.mapping import Control, FormMapping
    from tnt_sim.reporting.reading_document import ApiReading
    from tnt_sim.reporting.reports.import_document import ConsolidateDocument, FormImportDocument
    from tnt_sim.reporting.workbook.department_workbook import Consolidated, DepartmentChoices

_BLOCKED = 3


def consolidate_workbooks(
    folder: Path, out: Path | None, lang: Lang, output: OutputOptions, *, strict: bool
) -> int:
    """Read every workbook of a folder; write the choices, the conflicts and the layer for `overrides`."""
    from tnt_sim.engine.run_folder.atomic_write import put_files
    from tnt_sim.reporting.workbook.department_workbook import (
        LAYER,
        build_tables,
        consolidate_choices,
        render_layer_yaml,
    )

    consolidated = consolidate_choices(_read_workbooks(folder))
    target = out if out is not None else Path(f"{folder.resolve().name}-choix")
    data = {name: table.write_csv().encode() for name, table in build_tables(consolidated, lang).items()}
    files = put_files(target, {**data, LAYER: render_layer_yaml(consolidated).encode()}, replace=True)
    document = _build_document(consolidated, files, lang)
    from tnt_sim.reporting.reports.form_import import build_choices_report

    output.show(build_choices_report(document), document, lang)
    return _BLOCKED if strict and consolidated.conflicts else 0


def _read_workbooks(folder: Path) -> list[DepartmentChoices]:
    """Read the workbooks of a folder and report all defects together."""
    from tnt_sim.reporting.workbook.department_workbook import read_choices

    paths = sorted(path for path in folder.glob("*.xlsx") if not path.name.startswith(("~$", ".")))
    if not paths:
        raise UsageError(
            _(
                '"{folder}" holds no .xlsx workbook: give the folder of the returned workbooks.',
                folder=folder,
            ),
            code="usage.consolidate",
        )
    books: list[DepartmentChoices] = []
    defects: list[Defect] = []
    for path in paths:
        try:
            books.append(read_choices(path))
        except DataError as error:
            defects += error.defects
    if defects:
        raise DataError(defects)
    return books


def _build_document(consolidated: Consolidated, files: list[Path], lang: Lang) -> ConsolidateDocument:
    from tnt_sim.reporting.reports.import_document import ChoiceConflict, ConsolidateDocument

    kinds = ("fund", "refuse", "wait", "follow")
    return ConsolidateDocument(
        status="conflicts" if consolidated.conflicts else "clean",
        run=consolidated.run,
        by=consolidated.by,
        groups=consolidated.groups,
        n_dossiers=len(consolidated.choices),
        choices={kind: len(consolidated.list_settled(kind)) for kind in kinds},
        conflicts=[
            ChoiceConflict(
                code=one.code, message=one.text.in_(lang), places=[str(place) for place in one.places]
            )
            for one in consolidated.conflicts
        ],
        files=[format_path(file) for file in files],
    )


MAPPING, SCENARIO, _JOURNAL = "mapping.yaml", "scenario.yaml", "reading.jsonl"
TIMEZONE = "Europe/Paris"
_TABLES = ("csv", "xlsx", "ods", "parquet")
_FLAG_KEYS = ("sheet", "encoding", "delimiter", "header_row")
_DECLARE = re.compile(r"([Dd]éclarez|[Dd]eclare) read: \{(\w+): (\"[^\"]*\"|[^}]*)\}")

FileArgument = Annotated[
    Path | None,
    typer.Argument(
        metavar=N_("FILE"),
        help=N_("The export: .csv, .xlsx, .ods, .json (GraphQL) or .pb."),
        show_default=False,
    ),
]
FormatOption = Annotated[
    str | None,
    typer.Option(
        "--format",
        metavar=N_("NAME"),
        help=N_(
            "demarche, turgot, grist (any table), pabulib, dotations, fonds-vert or scdl; "
            "known from the file without it."
        ),
    ),
]
OutOption = Annotated[
    Path | None,
    typer.Option("--out", metavar="DIR", help=N_('The folder to write; "FILE-import" by default.')),
]
MappingOption = Annotated[
    Path | None,
    typer.Option("--mapping", metavar=N_("FILE"), help=N_("The mapping; that of --out by default.")),
]
ConstantOption = Annotated[
    list[str] | None,
    typer.Option("--constant", metavar=N_("COLUMN=VALUE"), help=N_("One value for all rows: envelope=detr.")),
]
ColumnOption = Annotated[
    list[str] | None,
    typer.Option(
        "--column",
        metavar=N_("COLUMN=FIELD"),
        help=N_('Where a column is, when it is not recognised: --column dossier="N° DS".'),
    ),
]
SheetOption = Annotated[
    str | None,
    typer.Option("--sheet", metavar=N_("SHEET"), help=N_("The sheet that holds the applications.")),
]
HeaderRowOption = Annotated[
    int, typer.Option("--header-row", metavar="N", min=1, help=N_("The row of the headers."))
]
EncodingOption = Annotated[
    str | None,
    typer.Option("--encoding", metavar=N_("NAME"), help=N_("The encoding of a CSV: utf-8 or cp1252.")),
]
DelimiterOption = Annotated[
    str | None, typer.Option("--delimiter", metavar=N_("SIGN"), help=N_("The delimiter of a CSV: , or ;."))
]
ControlRowsOption = Annotated[
    int | None,
    typer.Option("--control-rows", metavar="N", min=0, help=N_("The number of rows that is expected.")),
]
ControlOption = Annotated[
    str | None,
    typer.Option(
        "--control-requested", metavar=N_("AMOUNT"), help=N_('The total requested that is expected: "92 M€".')
    ),
]
ParquetOption = Annotated[
    bool, typer.Option("--parquet", help=N_("Writes dossiers.parquet instead of dossiers.csv."))
]
NoLikenessOption = Annotated[bool, typer.Option("--no-likeness", help=N_("Skips duplicate detection."))]
AcceptOption = Annotated[
    bool,
    typer.Option("--accept", help=N_("Saves the current form layout as the reference in mapping.yaml.")),
]
StrictOption = Annotated[
    bool, typer.Option("--strict", help=N_("Exit code 3 if a blocking finding is left."))
]
ConsolidateOption = Annotated[
    bool,
    typer.Option(
        "--consolidate",
        help=N_(
            "FILE is the folder of returned workbooks of choices (export --by): merges them, names conflicts."
        ),
    ),
]


def import_(
    output: OutputOptions,
    api: ApiOptions,
    file: FileArgument = None,
    format_: FormatOption = None,
    out: OutOption = None,
    mapping: MappingOption = None,
    constants: ConstantOption = None,
    columns: ColumnOption = None,
    sheet: SheetOption = None,
    header_row: HeaderRowOption = 1,
    encoding: EncodingOption = None,
    delimiter: DelimiterOption = None,
    control_rows: ControlRowsOption = None,
    control_requested: ControlOption = None,
    parquet: ParquetOption = False,
    no_likeness: NoLikenessOption = False,
    accept: AcceptOption = False,
    strict: StrictOption = False,
    consolidate: ConsolidateOption = False,
) -> int:
    """Import an export and reports what is missing or contradictory in it."""
    tongue = parse_lang(output.lang)
    api.check()
    source = _find_source(file, api)
    if file is None:
        folder = out if out is not None else Path(f"demarche-{api.demarche}-import")
    elif consolidate:
        return consolidate_workbooks(file, out, tongue, output, strict=strict)
    else:
        folder = out if out is not None else Path(f"{file.stem}-import")
    format_ = _format(format_)
    _check_folder(folder)
    read = {"sheet": sheet, "header_row": header_row, "encoding": encoding, "delimiter": delimiter}
    written = mapping if mapping is not None else folder / MAPPING if (folder / MAPPING).is_file() else None
    from tnt_sim.api.imports import read_mapping

    used = read_mapping(written) if written is not None else None
    options = (
        _parse_control(control_rows, control_requested), _parse_constants(constants or []),
        _parse_columns(columns or []),
    )  # fmt: skip
    again = [
        *(api.format_arguments() if file is None else [str(file)]),
        *(["--format", format_] if format_ else []),
        *(
            word
            for key, value in read.items()
            if value not in (None, 1)
            for word in (f"--{key.replace('_', '-')}", str(value))
        ),
        *(word for text in constants or () for word in ("--constant", text)),
        *(word for text in columns or () for word in ("--column", text)),
        *(["--mapping", str(mapping)] if mapping is not None else []),
        *(["--control-rows", str(control_rows)] if control_rows is not None else []),
        *(["--control-requested", control_requested] if control_requested is not None else []),
        "--out",
        str(folder),
    ]
    quiet = output.quiet or output.as_json
    answer: dict[str, bytes] = {}
    entry: ApiReading | None = None
    with (
        nullcontext()
        if source is None
        else read_dossiers(folder, source, api, tongue, quiet=quiet) as reading
    ):
        if reading is not None:
            entry = describe_reading(reading)
            answer = build_answer(reading, entry.read_at)
        elif not quiet:
            print_note(_("Reading {file}…", file=file or "").in_(tongue))
        imported = _import_file(
            file or folder / next(iter(answer)), format_, read, used, *options,
            likeness=not no_likeness, answer=next(iter(answer.values()), None),
        )  # fmt: skip
        document = _write_files(
            imported, folder, written, tongue, again, parquet=parquet, accept=accept, answer=answer
        )
        if reading is not None:
            reading.close()
    document = replace(document, reading=entry)
    from tnt_sim.reporting.reports.form_import import build_report

    follow = get_invocation().format_command((document.next or "").removeprefix("tnt-sim "))
    output.show(build_report(document), document, tongue, build_hint_lines([follow], tongue))
    return _BLOCKED if strict and document.quality.n_error else 0


def _find_source(file: Path | None, api: ApiOptions) -> ReadingSource | None:
    """Return the procedure to read, None for a file."""
    if file is not None and api.from_api is None:
        return None
    if file is not None or api.from_api is None or api.demarche is None:
        text = _("give either a FILE, or --from-api URL with --demarche N.")
        raise UsageError(text, code="usage.from-api")
    from tnt_sim.exchange.demarche_reading import ReadingSource

    return ReadingSource(api.from_api, api.demarche)


def _format(name: str | None) -> str | None:
    """Return the layout named by `--format`; any plain table uses that of Grist."""
    from tnt_sim.ingest.forms.mapping import FORMATS

    if name is None or name in FORMATS:
        return name
    if name in _TABLES:
        return "grist"
    hint = suggest_name(name, FORMATS) or NO_TEXT
    text = _('the format "{name}" is not known. {hint}', name=name, hint=hint)
    raise UsageError(text, code="usage.format")


def _check_folder(folder: Path) -> None:
    """Refuse a folder that is neither ours nor empty."""
    own = (MAPPING, _JOURNAL)
    if not folder.exists() or (
        folder.is_dir() and (not any(folder.iterdir()) or any((folder / name).is_file() for name in own))
    ):
        return
    raise UsageError(
        _(
            '"{folder}" exists and is not an import folder: nothing is written there. Give another --out.',
            folder=folder,
        ),
        code="usage.out",
    )


def _parse_control(rows: int | None, requested: str | None) -> Control:
    from tnt_sim.domain.money import MoneyError, parse_cents
    from tnt_sim.ingest.forms.mapping import Control

    try:
        cents = None if requested is None else parse_cents(requested)
    except MoneyError as error:
        text = _("--control-requested: {error}.", error=error.text)
        raise UsageError(text, code="usage.control") from None
    return Control(rows=rows, requested=cents)


def _parse_constants(texts: Sequence[str]) -> dict[str, str]:
    from tnt_sim.domain.portfolio import CANONICAL, ColumnKind

    allowed = [name for name, kind in CANONICAL.items() if kind in (ColumnKind.TEXT, ColumnKind.CODE)]
    form = _("COLUMN=VALUE, for example envelope=detr")
    return _parse_pairs("constant", texts, allowed, form)


def _parse_columns(texts: Sequence[str]) -> dict[str, str]:
    from tnt_sim.domain.portfolio import CANONICAL

    form = _('COLUMN=FIELD, for example dossier="N° DS"')
    return _parse_pairs("column", texts, list(CANONICAL), form)


def _parse_pairs(option: str, texts: Sequence[str], allowed: Sequence[str], form: Text) -> dict[str, str]:
    """Parse what an option says of columns, in the form `form`."""
    pairs = {}
    for text in texts:
        name, equals, value = text.partition("=")
        if not equals or name not in allowed or not value.strip():
            hint = suggest_name(name, allowed) or NO_TEXT
            raise UsageError(
                _(
                    '--{option} "{typed}": write {form}. {hint}',
                    option=option,
                    typed=text,
                    form=form,
                    hint=hint,
                ),
                code=f"usage.{option}",
            )
        pairs[name] = value.strip()
    return pairs


def _import_file(
    file: Path,
    format_: str | None,
    read: Mapping[str, Any],
    mapping: FormMapping | None,
    control: Control,
    constants: Mapping[str, str],
    columns: Mapping[str, str],
    *,
    likeness: bool,
    answer: bytes | None,
) -> Imported:
    """Import a file, or an answer of a server that will be this file."""
    from tnt_sim.ingest.forms.form_import import import_form
    from tnt_sim.ingest.forms.form_reader import parse_answer, read_form
    from tnt_sim.ingest.tables.raw_table import ReadOptions

    name = format_ or (mapping.format if mapping is not None else None)
    try:
        if answer is None:
            form, layout = read_form(file, shown_as=str(file), format_name=name, read=ReadOptions(**read))
        else:
            form, layout = parse_answer(answer, str(file), name)
        return import_form(
            form, layout, mapping, control=control, constants=constants, columns=columns, timezone=TIMEZONE,
            likeness=likeness,
        )  # fmt: skip
    except DataError as error:
        raise DataError(map(_with_flags, error.defects)) from None


def _with_flags(defect: Defect) -> Defect:
    """Replace scenario keys under `read` by command-line flags in a message."""
    hint = defect.hint
    if hint is None:
        return defect
    flags = {lang: _DECLARE.sub(partial(_format_flag, lang), hint.in_(lang)) for lang in Lang}
    return replace(defect, hint=Bilingual(flags[Lang.FR], flags[Lang.EN]))


def _format_flag(lang: Lang, match: re.Match[str]) -> str:
    """Write the remedy with a flag, or a line of the mapping; it begins as the verb that it replaces."""
    verb, key, value = match[1], match[2], match[3]
    if key in _FLAG_KEYS:
        text = _("Add --{flag} {value}", flag=key.replace("_", "-"), value=value).in_(lang)
    else:
        text = _('Write "{key}: {value}" in mapping.yaml', key=key, value=value).in_(lang)
    return text if verb[0].isupper() else text[:1].lower() + text[1:]


def _write_files(
    imported: Imported,
    folder: Path,
    target: Path | None,
    lang: Lang,
    again: Sequence[str],
    *,
    parquet: bool,
    accept: bool,
    answer: Mapping[str, bytes],
) -> FormImportDocument:
    """Write the files; return the document that names them, and the command to type next or `again`."""
    from tnt_sim.ingest.forms.form_import import update_mapping
    from tnt_sim.ingest.forms.mapping import to_text
    from tnt_sim.reporting.reports.form_import import build_import_document, build_import_tables, write_import

    tables = build_import_tables(imported, lang, TIMEZONE)
    document = build_import_document(imported, tables[1], lang)
    texts: dict[str, str] = {}
    if target is None or accept or target.resolve() != (folder / MAPPING).resolve():
        texts[MAPPING] = to_text(update_mapping(imported) if accept or target is None else imported.mapping)
    name = f"dossiers.{'parquet' if parquet else 'csv'}"
    if imported.mapping.format == "pabulib":
        texts[SCENARIO] = _build_pabulib_scenario(Path(document.file), name)
    paths = write_import(folder, imported, tables, texts, parquet=parquet, answer=answer)
    paths.setdefault("mapping", target or folder / MAPPING)
    name = _("my-programme").in_(lang)
    follow = f"tnt-sim new {name} --from {format_path(paths['dossiers'])}"
    if document.quality.n_error:
        follow = f"tnt-sim import {format_arguments(*again)}"
    if "scenario" in paths:
        follow = f"tnt-sim run {format_path(paths['scenario'])}"
    return replace(document, files={key: format_path(path) for key, path in paths.items()}, next=follow)


def _build_pabulib_scenario(file: Path, name: str) -> str:
    from tnt_sim.ingest.portfolio_reader import read_bytes
    from tnt_sim.ingest.tables.pabulib import read_pb, render_scenario

    return render_scenario(read_pb(read_bytes(file, str(file)), str(file)), name)
