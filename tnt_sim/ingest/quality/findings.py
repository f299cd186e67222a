"""Findings, what is odd in a table, one row each; their kinds with severity, wording and remedy."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

import polars as pl

from tnt_sim.i18n.message import Text, _


class Severity(StrEnum):
    """Severity of a finding: it stops a run, should be looked at, or is for information."""

    ERROR = "error"
    WARNING = "warning"
    INFO = "info"


@dataclass(frozen=True, slots=True)
class FindingKind:
    """One kind of finding: severity, title, sentence and remedy.

    `{column}`, `{value}`, `{expected}` are filled in.
    """

    severity: Severity
    title: Text
    text: Text
    hint: Text


_GAPS = {name: f"{{{name}}}" for name in ("column", "value", "expected")}
"""The gaps of a sentence, which the report fills in for each row."""
_E, _W, _I = Severity.ERROR, Severity.WARNING, Severity.INFO
_LOOK = _("Check with the applicant.")
_AT_SOURCE = _("Correct the cell in the original file.")

KINDS: dict[str, FindingKind] = {
    "missing": FindingKind(
        _W, _("empty cell"), _('"{column}" is empty.', **_GAPS), _("Fill it in if a rule needs it.")
    ),
    "missing_number": FindingKind(
        _E, _("no application number"), _("The row has no application number."), _("Give it a number.")
    ),
    "unreadable": FindingKind(
        _E,
        _("unreadable cell"),
        _('"{{column}}": "{{value}}" cannot be read.'),
        _("Correct it in the original file; for \"1.234\", write decimal: ',' in mapping.yaml."),
    ),
    "negative": FindingKind(
        _E, _("negative amount"), _('"{column}": {value} € is negative.', **_GAPS), _AT_SOURCE
    ),
    "unknown_value": FindingKind(
        _E,
        _("unknown value"),
        _('"{column}": "{value}" has no equivalent.', **_GAPS),
        _('Add it under "values" in mapping.yaml.'),
    ),
    "duplicate_number": FindingKind(
        _E,
        _("application number used more than once"),
        _("The number {value} is already in row {expected}.", **_GAPS),
        _('Keep one row, or write "duplicates: number" or "last" in mapping.yaml.'),
    ),
    "renumbered": FindingKind(
        _W,
        _("application number used more than once, row renumbered"),
        _("The number {value} is already in row {expected}: another request of the same project.", **_GAPS),
        _("Check that it is not the same request twice."),
    ),
    "error_cell": FindingKind(
        _W,
        _("spreadsheet error"),
        _('"{column}" is "{value}".', **_GAPS),
        _("Correct the formula in the original file."),
    ),
    "zero_amount": FindingKind(_W, _("amount of zero"), _('"{column}" is 0 €.', **_GAPS), _LOOK),
    "zero_as_empty": FindingKind(
        _I,
        _("0 taken as empty"),
        _('"{column}": the export writes 0 where nothing was answered; taken as empty.', **_GAPS),
        _('Take the column out of "zero_is_empty" in mapping.yaml if 0 is an answer.'),
    ),
    "grant_above_cost": FindingKind(
        _W, _("grant above cost"), _("The grant ({value} €) exceeds the cost ({expected} €).", **_GAPS), _LOOK
    ),
    "grant_above_base": FindingKind(
        _W,
        _("grant above the eligible base"),
        _("The grant ({value} €) exceeds the eligible base ({expected} €).", **_GAPS),
        _LOOK,
    ),
    "base_above_cost": FindingKind(
        _W,
        _("eligible base above cost"),
        _("The eligible base ({value} €) exceeds the cost ({expected} €).", **_GAPS),
        _LOOK,
    ),
    "split_total": FindingKind(
        _W,
        _("parts that do not add up"),
        _("The sum asked ({value} €) is not that of its parts ({expected} €).", **_GAPS),
        _("The parts are taken; check with the applicant."),
    ),
    "rate_above_cap": FindingKind(
        _W,
        _("rate above the legal cap"),
        _("The rate ({value}%) exceeds {expected}%.", **_GAPS),
        _("Bring the grant down to the cap, or note the waiver (CGCT R. 2334-27, L. 1111-10)."),
    ),
    "rate_rounded": FindingKind(
        _I,
        _("rate above the cap by rounding"),
        _("The rate ({value}%) exceeds {expected}% by less than a hundredth of a point.", **_GAPS),
        _("Take off the cents if the cap must be exact."),
    ),
    "department_commune": FindingKind(
        _W,
        _("department against the commune"),
        _("The department {value} is not that of the commune, {expected}.", **_GAPS),
        _LOOK,
    ),
    "population_map": FindingKind(
        _W,
        _("population unlike the map's"),
        _("The population ({value}) differs by more than 10% from the map's ({expected}).", **_GAPS),
        _("Check the census year and the applicant's code."),
    ),
    "applicant_off_map": FindingKind(
        _I,
        _("applicant that the map does not know"),
        _('An applicant of type "{value}" is not on the map: its population cannot be filled.', **_GAPS),
        _('Write "members" if a rule counts its inhabitants.'),
    ),
    "code_off_map": FindingKind(
        _W,
        _("code not on the map"),
        _('"{column}": the code {value} is not on the map.', **_GAPS),
        _("A merged commune or a mistake: check the code."),
    ),
    "check_digit": FindingKind(
        _W,
        _("SIREN or SIRET with a wrong check digit"),
        _('"{value}": the check digit is wrong.', **_GAPS),
        _LOOK,
    ),
    "code_length": FindingKind(
        _W,
        _("identifier of unknown length"),
        _('"{value}" is neither a SIRET, a SIREN nor an INSEE code.', **_GAPS),
        _LOOK,
    ),
    "code_repaired": FindingKind(
        _I,
        _("code repaired"),
        _('"{column}": "{value}" was read as {expected}.', **_GAPS),
        _("Format the column as text in the original."),
    ),
    "dates_reversed": FindingKind(
        _W, _("dates reversed"), _('"{column}" ({value}) is before {expected}.', **_GAPS), _LOOK
    ),
    "started_before": FindingKind(
        _I,
        _("started before it was filed"),
        _("The work starts ({value}) before it was filed ({expected}).", **_GAPS),
        _("Check the waiver (CGCT R. 2334-24)."),
    ),
    "likely_double": FindingKind(
        _W,
        _("likely duplicate"),
        _("Same applicant, same title and same amounts as application {expected}.", **_GAPS),
        _("Keep one, or explain the difference."),
    ),
    "similar": FindingKind(
        _I,
        _("similar application"),
        _("Same applicant as application {expected}, and a similar title.", **_GAPS),
        _("Check that these are two operations."),
    ),
    "spelling": FindingKind(
        _I,
        _("spelling variant"),
        _('"{column}": "{value}" is usually written "{expected}".', **_GAPS),
        _('Make them one under "values" in mapping.yaml if a rule depends on it.'),
    ),
    "rounded": FindingKind(
        _I,
        _("amount rounded to the cent"),
        _('"{column}": {value} was rounded to {expected} €.', **_GAPS),
        _("Nothing to do if a cent is precise enough."),
    ),
    "person": FindingKind(
        _I,
        _("natural person, not kept"),
        _("The applicant is a natural person: neither name nor number is kept."),
        _("Keep the column in mapping.yaml if you are entitled to."),
    ),
    "masked": FindingKind(
        _I,
        _("e-mail address masked"),
        _('"{column}" held an e-mail address, masked.', **_GAPS),
        _("Nothing to do."),
    ),
    "control_rows": FindingKind(
        _E,
        _("number of rows different from the one expected"),
        _("{value} rows read, the control expects {expected}.", **_GAPS),
        _("Check that the file is the right one and complete."),
    ),
    "control_total": FindingKind(
        _E,
        _("total different from the one expected"),
        _('"{column}": the sum is {value} €, the control expects {expected} €.', **_GAPS),
        _("Check that the file is the right one and complete."),
    ),
}
"""Every kind of finding by its code, in the order of the report."""

SCHEMA = {
    "code": pl.String,
    "index": pl.UInt32,
    "column": pl.String,
    "value": pl.String,
    "expected": pl.String,
}
"""Columns of a table of findings; `index` is the row of the table (from 0), null for the table as a whole."""


def build_empty_table() -> pl.DataFrame:
    """Return a table without findings."""
    return pl.DataFrame(schema=SCHEMA)


def build_findings(
    code: str,
    mask: pl.Series,
    column: str,
    value: pl.Series | str | None = None,
    expected: pl.Series | str | None = None,
) -> pl.DataFrame:
    """Return a finding for each row where a Boolean series is True; null counts as False.

    `value` and `expected` are texts of all rows, or one text for all.
    """
    indices = mask.fill_null(value=False).arg_true()
    if not len(indices):
        return build_empty_table()
    return pl.DataFrame(
        {
            "code": pl.Series([code], dtype=pl.String).new_from_index(0, len(indices)),
            "index": indices.cast(pl.UInt32),
            "column": pl.Series([column], dtype=pl.String).new_from_index(0, len(indices)),
            "value": _take_texts(value, indices),
            "expected": _take_texts(expected, indices),
        }
    )


def _take_texts(text: pl.Series | str | None, indices: pl.Series) -> pl.Series:
    if isinstance(text, pl.Series):
        return text.gather(indices).cast(pl.String).fill_null("")
    return pl.Series([text or ""], dtype=pl.String).new_from_index(0, len(indices))


def format_euros(cents: pl.Series) -> pl.Series:
    """Return amounts in euros as text, « 12.50 », with cents only where there are some."""
    size = cents.abs()
    sign = pl.select(pl.when(cents < 0).then(pl.lit("-")).otherwise(pl.lit(""))).to_series()
    whole, rest = (size // 100).cast(pl.String), (size % 100).cast(pl.String).str.zfill(2)
    return (sign + whole + "." + rest).str.strip_suffix(".00")


def build_table_finding(code: str, column: str, value: str, expected: str) -> pl.DataFrame:
    """Return a finding about the table as a whole."""
    return pl.DataFrame([[code], [None], [column], [value], [expected]], schema=SCHEMA)


def combine_findings(tables: Sequence[pl.DataFrame]) -> pl.DataFrame:
    """Combine findings: the most severe kinds first, then by row."""
    order = {code: (list(Severity).index(kind.severity), k) for k, (code, kind) in enumerate(KINDS.items())}
    rank = {code: k for k, code in enumerate(sorted(order, key=order.__getitem__))}
    both = pl.concat([build_empty_table(), *tables])
    return both.sort(
        pl.col("code").replace_strict(rank, return_dtype=pl.Int32), "index", "column", maintain_order=True
    )
