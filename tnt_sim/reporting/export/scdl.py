"""Write grants as SCDL "Subventions" v2.1.1, validated against its schema before anything is written.

The schema is a Table Schema; the checks are those it uses (required, pattern, length, enum, range),
and that each row identifies its beneficiary by SIRET or RNA number.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from datetime import date
from importlib.resources import files
from typing import Any

import polars as pl

from tnt_sim.domain.portfolio import MANY, MAX_PLACES
from tnt_sim.engine.award_list import format_euros
from tnt_sim.engine.stored_run import StoredRun
from tnt_sim.errors import DataError, Defect, Defects, Place
from tnt_sim.i18n.message import Text, _, _n
from tnt_sim.reporting.export.flat_table import list_check_digit_remarks, list_missing_date_remarks

SCHEMA = "scdl-subventions-2.1.1.json"
INFO_KEYS = (
    "nomAttribuant", "idAttribuant", "dateConvention", "referenceDecision", "conditionsVersement",
    "datesPeriodeVersement", "notificationUE", "dispositifAide",
)  # fmt: skip
"""Keys of `--info`, constant for all grants."""

Check = Callable[[str], bool]
_DEFAULTS = {"conditionsVersement": "échelonné", "notificationUE": "non"}
_SIRET = r"^\d{14}$"
_ORIGIN = {"nomBeneficiaire": "applicant", "idBeneficiaire": "applicant_id", "objet": "title"}


def load_schema() -> Mapping[str, Any]:
    """Return the schema shipped with the package."""
    found: Mapping[str, Any] = json.loads((files("tnt_sim.data") / SCHEMA).read_text(encoding="utf-8"))
    return found


def build_scdl(run: StoredRun, info: Mapping[str, str]) -> pl.DataFrame:
    """Return every grant as text columns in the order of the schema."""
    table = _select_granted(run)
    days = list_agreement_dates(run, table, info)
    written = {**_DEFAULTS, **info}
    siret = (
        pl.when(pl.col("applicant_id").str.contains(_SIRET))
        .then(pl.col("applicant_id"))
        .otherwise(pl.lit(""))
    )
    title = pl.when(pl.col("title").fill_null("") == "").then(pl.col("dossier")).otherwise(pl.col("title"))
    known = {
        "nomBeneficiaire": pl.col("applicant").fill_null(""),
        "idBeneficiaire": siret.fill_null(""),
        "objet": title.str.slice(0, 256),
        "dateConvention": pl.lit(days),
        "datesPeriodeVersement": pl.lit(_build_payment_periods(days, info)),
        "montant": format_euros("granted_cents"),
        "nature": pl.lit("aide en numéraire"),
        "pourcentageSubvention": pl.lit("1.00"),
    }
    names = [field["name"] for field in load_schema()["fields"]]
    rows = table.select(known.get(name, pl.lit(written.get(name, ""))).alias(name) for name in names)
    _check(rows, table["dossier"], written)
    return rows


def _select_granted(run: StoredRun) -> pl.DataFrame:
    return run.table.filter(pl.col("funded") & (pl.col("granted_cents") > 0))


def list_agreement_dates(run: StoredRun, table: pl.DataFrame, info: Mapping[str, str]) -> pl.Series:
    """Return the date of each agreement: from `--info`, else the application's own column, else the decision."""
    decision = run.spec.date.isoformat() if run.spec.date else ""
    if info.get("dateConvention"):
        return pl.Series("day", [info["dateConvention"]], dtype=pl.String).new_from_index(0, table.height)
    return _select_own_dates(run, table).replace("", decision)


def _select_own_dates(run: StoredRun, table: pl.DataFrame) -> pl.Series:
    """Return the planner's column `dateConvention`; for earlier commitments, the day of notification."""
    days = pl.Series("day", [""], dtype=pl.String).new_from_index(0, table.height)
    if "notified_at" in table.columns:
        notified = table["notified_at"]
        if isinstance(notified.dtype, pl.Datetime):
            notified = notified.dt.convert_time_zone(run.spec.timezone)
        told = notified.dt.to_string("%Y-%m-%d").fill_null("")
        days = days.zip_with(table["committed_cents"].is_null(), told)
    if "dateConvention" in table.columns:
        own = table["dateConvention"].cast(pl.String).fill_null("")
        days = days.zip_with(own == "", own)
    return days


def _build_payment_periods(days: pl.Series, info: Mapping[str, str]) -> pl.Series:
    """Return the payment period, which begins with the agreement by default."""
    said = info.get("datesPeriodeVersement")
    return days if not said else pl.Series([said], dtype=pl.String).new_from_index(0, len(days))


def list_remarks(run: StoredRun, info: Mapping[str, str]) -> list[Text]:
    """List what the schema accepts and a reader should know."""
    table = _select_granted(run)
    sentences = list_check_digit_remarks(table)
    if info.get("dateConvention"):
        return sentences
    undated = table["committed_cents"].is_not_null() & (_select_own_dates(run, table) == "")
    return sentences + list_missing_date_remarks(table.filter(undated))


def _check(rows: pl.DataFrame, dossiers: pl.Series, values: Mapping[str, str]) -> None:
    defects = Defects()
    for field in load_schema()["fields"]:
        for fault, bad in find_violations(field, rows[field["name"]]):
            if field["name"] in INFO_KEYS:
                defects.entries.append(
                    _build_info_defect(field["name"], values.get(field["name"], ""), fault)
                )
            else:
                defects.entries.append(_build_dossier_defect(field["name"], fault, dossiers.filter(bad)))
    nameless = (rows["idBeneficiaire"] == "") & (rows["rnaBeneficiaire"] == "")
    if nameless.any():
        fault = _("a SIRET of 14 digits is expected")
        defects.entries.append(_build_dossier_defect("idBeneficiaire", fault, dossiers.filter(nameless)))
    defects.raise_if_any(DataError)


def find_violations(field: Mapping[str, Any], values: pl.Series) -> Iterator[tuple[Text, pl.Series]]:
    """Yield each violation of a Table Schema field among text values: the reason, and which rows."""
    limits, filled = field.get("constraints", {}), values != ""
    if limits.get("required") and not filled.all():
        yield _("a value is expected"), ~filled
    checks: dict[str, Check] = {
        "pattern": lambda text: bool(
            re.fullmatch(limits["pattern"].removeprefix("^").removesuffix("$"), text)
        ),
        "maxLength": lambda text: len(text) <= limits["maxLength"],
        "enum": lambda text: text in limits["enum"],
        "minimum": lambda text: not _is_number(text) or float(text) >= limits["minimum"],
        "maximum": lambda text: not _is_number(text) or float(text) <= limits["maximum"],
    }
    kinds: dict[str, Check] = {
        "number": _is_number,
        "date": _is_day,
        "boolean": lambda text: text in (*field.get("trueValues", ()), *field.get("falseValues", ())),
    }
    all_items = {key: check for key, check in checks.items() if key in limits}
    all_items |= {key: check for key, check in kinds.items() if key == field["type"]}
    distinct = values.filter(filled).unique().to_list()
    for key, check in all_items.items():
        wrong = [text for text in distinct if not check(text)]
        if wrong:
            yield _FAULTS[key](limits), values.is_in(wrong)


def _is_number(text: str) -> bool:
    return re.fullmatch(r"-?\d+(\.\d+)?", text) is not None


def _is_day(text: str) -> bool:
    try:
        return date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False


_FAULTS: Mapping[str, Any] = {
    "pattern": lambda c: _("the form {c} is expected", c=c["pattern"]),
    "maxLength": lambda c: _("more than {c} characters", c=c["maxLength"]),
    "enum": lambda c: _("one of {c} is expected", c=c["enum"]),
    "minimum": lambda c: _("below {c}", c=c["minimum"]),
    "maximum": lambda c: _("above {c}", c=c["maximum"]),
    "number": lambda __: _("a number is expected"),
    "date": lambda __: _("a day YYYY-MM-DD is expected"),
    "boolean": lambda __: _('"oui" or "non" is expected'),
}


def _build_info_defect(name: str, value: str, fault: Text) -> Defect:
    text = _("SCDL, field {name}: {fault}.", name=name, fault=fault)
    if value:
        text = _('SCDL, field {name} "{value}": {fault}.', name=name, value=value, fault=fault)
    hint = _("Add --info {name}=VALUE.", name=name)
    return Defect("scdl", text, hint=hint)


def _build_dossier_defect(name: str, fault: Text, dossiers: pl.Series) -> Defect:
    column = _ORIGIN.get(name, "")
    text = _n(
        "SCDL, field {name}: {fault} ({n} application).",
        "SCDL, field {name}: {fault} ({n} applications).",
        n=len(dossiers),
        name=name,
        fault=fault,
    )
    hint = None
    if column:
        hint = _(
            'Complete the column "{column}" of the table of applications, then run again.', column=column
        )
    shown = MAX_PLACES if len(dossiers) <= MAX_PLACES else MANY
    return Defect("scdl", text, tuple(Place(dossier=name) for name in dossiers.head(shown).to_list()), hint)
