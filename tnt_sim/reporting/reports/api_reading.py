"""Part of the reports of `import` and `refresh`: the findings of a reading of a procedure at its server."""

from __future__ import annotations

from datetime import datetime

from tnt_sim.i18n.message import Text, _, _n
from tnt_sim.i18n.parameters import Count, Day
from tnt_sim.reporting.reading_document import ApiReading, DeletedEntry
from tnt_sim.reporting.report_tree import Column, Node, Paragraph, Section, Table, Words

_REASONS = {
    "user_request": _("by the applicant"),
    "user_removed": _("with the account of the applicant"),
    "user_expired": _("with an account that had expired"),
    "manager_request": _("by the administrators of the service"),
    "instructeur_request": _("by an instructor"),
    "procedure_removed": _("with the procedure"),
    "expired": _("at the end of its retention period"),
    "not_given": _("the server does not list it any more"),
}


def build_reading(reading: ApiReading | None) -> list[Node]:
    """Return what was read, and the dossiers that the server has deleted."""
    if reading is None:
        return []
    nodes: list[Node] = [Paragraph(_describe_counts(reading))]
    if reading.deleted:
        columns = [
            Column(_("Number"), [one.dossier for one in reading.deleted]),
            Column(_("When"), [_format_day(one) for one in reading.deleted]),
            Column(_("How"), [_REASONS.get(one.reason, one.reason) for one in reading.deleted]),
            Column(
                _("Remark"), ["" if one.is_final else _("can still be restored") for one in reading.deleted]
            ),
        ]
        nodes.append(Section(_("Deleted applications"), [Table(columns, most=len(reading.deleted))]))
    return nodes


def _describe_counts(reading: ApiReading) -> Text:
    if len(reading.added) == reading.n_dossiers and not reading.deleted:
        return _n(
            'Procedure {demarche}, "{title}": {n} application read.',
            'Procedure {demarche}, "{title}": {n} applications read.',
            reading.n_dossiers,
            demarche=str(reading.demarche),
            title=reading.title,
        )
    return _(
        'Procedure {demarche}, "{title}": {dossiers}. Since the last reading: new {added}, changed {changed}, '
        "deleted {deleted}.",
        demarche=str(reading.demarche),
        title=reading.title,
        dossiers=_n("{n} application", "{n} applications", reading.n_dossiers),
        added=Count(len(reading.added)),
        changed=Count(len(reading.changed)),
        deleted=Count(len(reading.deleted)),
    )


def _format_day(deleted: DeletedEntry) -> Words | None:
    """Return the day of a deletion, in the time zone that the server gives."""
    if deleted.deleted_at is None:
        return None
    return _("on {day}", day=Day(datetime.fromisoformat(deleted.deleted_at).date().isoformat()))
