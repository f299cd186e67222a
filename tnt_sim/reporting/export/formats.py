"""Export formats of a decision, each with its purpose and what it requires.

Another package registers a format as an entry point of the group `tnt_sim.exporters`, under its `--format` name.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import cache
from types import MappingProxyType

import polars as pl

from tnt_sim.disk import encode_parquet
from tnt_sim.domain.portfolio import CANONICAL, get_table_column
from tnt_sim.engine.award_list import convert_to_csv, format_decimal, guard_formulas, select_parquet_columns
from tnt_sim.engine.run_folder.run_access import refuse_act
from tnt_sim.engine.stored_run import StoredRun
from tnt_sim.errors import UsageError, find_nearest_name, suggest_name
from tnt_sim.extensions import build_extension_error, find_extensions, load_extension
from tnt_sim.i18n.message import NO_TEXT, Lang, Text, _, join_sentences
from tnt_sim.i18n.numbers import EURO, get_currency
from tnt_sim.reporting.export import administrative_tables
from tnt_sim.reporting.export.flat_table import (
    CellKind,
    CsvStyle,
    Flat,
    FlatColumn,
    build_sheet_workbook,
    encode_csv,
    encode_frame,
    list_siret_remarks,
)
from tnt_sim.reporting.export.pabulib import build_pabulib
from tnt_sim.reporting.export.scdl import INFO_KEYS, build_scdl
from tnt_sim.reporting.export.scdl import list_remarks as scdl_remarks
from tnt_sim.reporting.public_run import hide_contacts, hide_persons
from tnt_sim.reporting.report_tree import SYNTHETIC
from tnt_sim.reporting.reports.letters import get_letter_record, list_letter_remarks, list_mention_remarks
from tnt_sim.reporting.text.legal_wording import LegalWording
from tnt_sim.reporting.text.verification import describe_changes, get_doubt, get_mention, list_short_mentions
from tnt_sim.reporting.text.vocabulary import SHORT_SYNTHETIC
from tnt_sim.reporting.workbook.workbook import build_workbook
from tnt_sim.verify.verification import CheckRecord

MENTION = "Mention"
"""Column header, and word before a sentence, for what was not verified or shown, and for synthetic data."""


@dataclass(frozen=True, slots=True)
class ExportOptions:
    """Options of an export.

    Attributes
    ----------
    suffix : of the file
    lang : of headers and sentences, where they have a language
    csv_style : of CSV files
    info : values of `--info`
    unproven : whether an act may be written for a decision that is not shown to be optimal; the act
    then says so
    wording : the legal texts, those of the package by default
    """

    suffix: str
    lang: Lang
    csv_style: CsvStyle = CsvStyle.FR
    info: Mapping[str, str] = MappingProxyType({})
    unproven: bool = False
    wording: LegalWording | None = None


@dataclass(frozen=True, slots=True)
class Format:
    """One export format.

    Attributes
    ----------
    about : purpose
    suffixes : possible file suffixes, the usual one first
    write : returns the bytes of the file
    is_act : whether it notifies people or accounts of the decision, which requires a proof
    is_public : whether it is for the public: contacts and names of natural persons are hidden
    info : keys that `--info` may give
    in_euros : whether its readers take each amount for euros
    is_told : whether it contains sentences of the run, which follow the requested language
    remarks : returns what should be checked in the output
    """

    about: Text
    suffixes: tuple[str, ...]
    write: Callable[[StoredRun, ExportOptions], bytes]
    is_act: bool = False
    is_public: bool = False
    in_euros: bool = False
    info: tuple[str, ...] = ()
    is_told: bool = False
    remarks: Callable[[StoredRun, ExportOptions], list[Text]] = lambda *__: []


def export_bytes(run: StoredRun, name: str, options: ExportOptions) -> bytes:
    """Return the file of a format.

    Raises
    ------
    UsageError
        For an unknown format, suffix or `--info` key, or an act of a decision that is not proved.
    DataError
        If the format rejects the data of applications.
    """
    chosen = require_format(name)
    require_suffix(name, options.suffix)
    for key in options.info:
        if key not in chosen.info:
            raise UsageError(_describe_unknown_key(name, key, chosen.info), code="usage.info")
    if chosen.in_euros and get_currency() != EURO:
        raise UsageError(
            _(
                '"{name}" holds amounts in EUR, and these are in {symbol}. Write --format csv.',
                name=name,
                symbol=get_currency().symbol,
            ),
            code="usage.currency",
        )
    if chosen.is_act:
        refuse_act(run, unproven=options.unproven)
    return chosen.write(hide_persons(run) if chosen.is_public else run, options)


def require_format(name: str) -> Format:
    """Return a format by its name.

    Raises
    ------
    UsageError
        For an unknown name, with the nearest one.
    """
    formats = load_formats()
    if name in formats:
        return formats[name]
    near = find_nearest_name(name, formats)
    raise UsageError(
        join_sentences(
            _('there is no format "{name}".', name=name),
            _('Did you mean "{close}"?', close=near) if near else None,
            _("Formats: {all_text}.", all_text=", ".join(formats)),
        ),
        code="usage.format",
    )


def require_suffix(name: str, suffix: str) -> str:
    """Return a suffix that a format can be written with.

    Raises
    ------
    UsageError
        For any other suffix.
    """
    allowed = require_format(name).suffixes
    if suffix in allowed:
        return suffix
    all_text = ", ".join(allowed)
    raise UsageError(
        _(
            'the format "{name}" is written as {all_text}, not as "{suffix}".',
            name=name,
            all_text=all_text,
            suffix=suffix,
        ),
        code="usage.suffix",
    )


def _describe_unknown_key(name: str, key: str, known: tuple[str, ...]) -> Text:
    if not known:
        return _('the format "{name}" takes no --info.', name=name)
    hint = suggest_name(key, known) or NO_TEXT
    return _('--info: "{key}" is not a field of the format "{name}". {hint}', key=key, name=name, hint=hint)


def build_text_table(table: pl.DataFrame, timezone: str) -> pl.DataFrame:
    """Return the applications as text: canonical columns, the planner's own, the decision."""
    cells = convert_to_csv(table, timezone)
    known = {*(get_table_column(name) for name in CANONICAL), *_DECIDED}
    own = [name for name in table.columns if name not in known and not name.startswith("_")]
    further = table.select(_format_own_column(table, name) for name in own)
    n_canonical = len(CANONICAL)
    columns = cells.get_columns()
    return pl.DataFrame([*columns[:n_canonical], *further.get_columns(), *columns[n_canonical:]])


_DECIDED = (
    "eligible",
    "funded",
    "granted_cents",
    "reason_code",
    "reason",
    "step",
    "reserve_rank",
    "reserve_cents",
)
_NUMERIC = (
    "cost", "base", "requested", "min_grant", "score", "committed", "other_state", "other_public", "other_private",
    "granted", "reserve",
)  # fmt: skip


def _format_own_column(table: pl.DataFrame, name: str) -> pl.Expr:
    dtype = table.schema[name]
    if dtype.is_decimal():
        return format_decimal(name).alias(name)
    if isinstance(dtype, pl.List):
        return guard_formulas(pl.col(name).list.join(";")).alias(name)
    return guard_formulas(pl.col(name).cast(pl.String)).alias(name)


def _export_csv(run: StoredRun, options: ExportOptions) -> bytes:
    cells = _add_mention_column(build_text_table(run.table, run.spec.timezone), run, options)
    own = [name for name, dtype in run.table.schema.items() if dtype.is_decimal()]
    numeric = [name for name in dict.fromkeys((*_NUMERIC, *own)) if name in cells.columns]
    return encode_frame(cells, numeric, options.csv_style)


def _export_parquet(run: StoredRun, options: ExportOptions) -> bytes:
    return encode_parquet(_add_mention_column(select_parquet_columns(run.table), run, options))


def _add_mention_column(table: pl.DataFrame, run: StoredRun, options: ExportOptions) -> pl.DataFrame:
    """Add a column with the changes of the scenario, « not verified » or « synthetic data », where one applies."""
    record = run.checked.record
    unverified = None if run.checked.rules.is_shown else get_doubt(record)
    words = _join_mentions(run, options.lang, describe_changes(record), unverified)
    return table if words is None else table.with_columns(pl.lit(words).alias(MENTION))


def _join_mentions(run: StoredRun, lang: Lang, *mentions: Text | None) -> str | None:
    """Return mentions, after « synthetic data » where they are; None if there is nothing to say."""
    return join_sentences(SYNTHETIC if run.synthetic else None, *mentions).in_(lang) or None


_LONGEST_MENTION = 160
"""Characters that a mention may take of the 256 of `objet`."""


def _export_scdl(run: StoredRun, options: ExportOptions) -> bytes:
    rows = build_scdl(run, options.info)
    words = [*([SHORT_SYNTHETIC] if run.synthetic else []), *list_short_mentions(run.checked.record)]
    if words:
        said = ", ".join(word.in_(options.lang) for word in words)
        said = f" ({said if len(said) <= _LONGEST_MENTION else said[: _LONGEST_MENTION - 1] + '…'})"
        rows = rows.with_columns(pl.col("objet").str.slice(0, 256 - len(said)) + said)
    return encode_frame(
        rows.select(guard_formulas(pl.col(name)).alias(name) for name in rows.columns), (), CsvStyle.INTL
    )


def _build_exporter(
    build: Callable[[StoredRun, ExportOptions], Flat],
    sheet: str,
    get_record: Callable[[StoredRun], CheckRecord] = lambda run: run.checked.record,
) -> Callable[[StoredRun, ExportOptions], bytes]:
    def write(run: StoredRun, options: ExportOptions) -> bytes:
        flat = _with_mention(build(run, options), run, get_mention(get_record(run)), options.lang)
        if options.suffix == ".xlsx":
            return build_sheet_workbook(flat, sheet, options.lang, run.spec.date)
        return encode_csv(flat, options.csv_style)

    return write


def _with_mention(flat: Flat, run: StoredRun, mention: Text | None, lang: Lang) -> Flat:
    """Add a last column if nothing shows that the decision is correct and optimal, or the data are synthetic."""
    words = _join_mentions(run, lang, mention)
    if words is None:
        return flat
    cells = pl.Series("mention", [words], dtype=pl.String).new_from_index(0, flat.height)
    return replace(flat, columns=(*flat.columns, FlatColumn(MENTION, CellKind.TEXT, cells, 60)))


FORMATS: Mapping[str, Format] = MappingProxyType(
    {
        "xlsx": Format(
            _("the whole workbook, with its formulas"),
            (".xlsx",),
            lambda run, asked: build_workbook(run, asked.lang),
            is_told=True,
        ),
        "csv": Format(
            _("all applications, all columns"),
            (".csv",),
            _export_csv,
        ),
        "parquet": Format(_("the same, typed, in cents"), (".parquet",), _export_parquet),
        "demarche": Format(
            _("the decisions to enter in the procedure"),
            (".csv", ".xlsx"),
            _build_exporter(
                lambda run, asked: administrative_tables.build_demarche(run, asked.lang),
                "Annotations",
                get_letter_record,
            ),
            is_act=True,
            is_told=True,
        ),
        "turgot": Format(
            _("Turgot's columns"),
            (".csv", ".xlsx"),
            _build_exporter(lambda run, __: administrative_tables.build_turgot(run), "Simulation"),
            in_euros=True,
        ),
        "scdl": Format(
            _('the publication SCDL "Subventions" 2.1.1'),
            (".csv",),
            _export_scdl,
            is_act=True,
            is_public=True,
            in_euros=True,
            info=INFO_KEYS,
            remarks=lambda run, asked: scdl_remarks(run, asked.info),
        ),
        "pabulib": Format(
            _("a Pabulib file, without votes"),
            (".pb",),
            lambda run, __: build_pabulib(run).encode(),
            is_public=True,
        ),
        "publipostage": Format(
            _("the table of the letters, awards and refusals"),
            (".csv", ".xlsx"),
            _build_exporter(
                lambda run, asked: administrative_tables.build_mail_merge(run, asked.lang, asked.wording),
                "Courriers",
                get_letter_record,
            ),
            is_act=True,
            is_told=True,
            remarks=lambda run, asked: list_letter_remarks(run, asked.lang),
        ),
        "arrete": Format(
            _("the annex of the order"),
            (".xlsx", ".csv"),
            _build_exporter(
                lambda run, asked: administrative_tables.build_order_annex(
                    hide_contacts(run), asked.lang, asked.wording
                ),
                "Annexe",
            ),
            is_act=True,
            remarks=lambda run, asked: list_mention_remarks(run, asked.lang),
        ),
        "chorus": Format(
            _("the lines to commit in Chorus"),
            (".csv", ".xlsx"),
            _build_exporter(
                lambda run, asked: administrative_tables.build_chorus(run, asked.info), "Engagements"
            ),
            is_act=True,
            in_euros=True,
            info=administrative_tables.ACCOUNTING,
            remarks=lambda run, __: list_siret_remarks(run),
        ),
    }
)
"""The formats of this package by their `--format` name."""
GROUP = "tnt_sim.exporters"
"""The group of entry points under which other packages register theirs."""


@cache
def load_formats() -> Mapping[str, Format]:
    """Return every format by its `--format` name: the built-in ones, then those of other packages by name.

    Raises
    ------
    UsageError
        If a format of another package cannot be loaded, takes the name of another one, or has no suffix.
    """
    formats = dict(FORMATS)
    for name, entry in find_extensions(GROUP, FORMATS).items():
        formats[name] = load_extension(entry, Format)
        if not all(suffix[:1] == "." for suffix in formats[name].suffixes or ("",)):
            reason = _("it needs suffixes, such as .csv")
            raise build_extension_error(entry, reason)
    return MappingProxyType(formats)
