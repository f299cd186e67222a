"""The calls that a decision means for the dossiers of a procedure, as far as their present state leaves any."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import ROUND_HALF_UP, Decimal

import polars as pl

from tnt_sim.characters import make_printable
from tnt_sim.engine.stored_run import StoredRun
from tnt_sim.exchange.demarche_calls import (
    NUMBER_KINDS,
    STATE_AFTER,
    Annotation,
    Call,
    DossierState,
    Operation,
    ServerDossier,
    build_annotation_call,
    build_decision_call,
    has_values,
)
from tnt_sim.i18n.message import Lang, Text, _
from tnt_sim.ingest.intake.answers import PROVISIONAL
from tnt_sim.reporting.reports.decision_table import (
    BASE,
    DECISION,
    ApplicantDecision,
    build_decision_table,
)
from tnt_sim.reporting.reports.letters import write_letters
from tnt_sim.rules.expressions.selectors import describe
from tnt_sim.rules.offers.eligibility import NOT_GIVEN, write_blank_sentence
from tnt_sim.scenario.spec import ScenarioSpec

AMOUNTS = ("granted", "base", "rate")
"""Values that annotations may receive: the grant and its base in euros, the rate in %."""
_MOST_NUMBER = (1 << 31) - 1
_OPERATIONS = {
    ApplicantDecision.FUNDED.value: Operation.ACCEPT,
    ApplicantDecision.REFUSED.value: Operation.REFUSE,
}
_SECOND_NUMBER = r"^(?:DS-)?0*(\d{1,10})(?:-L\d+)+$"
"""Number of a later line of a dossier, as `tnt-sim new` writes it: « 101-L4 »."""
_DECIDED = frozenset({DossierState.ACCEPTED, DossierState.REFUSED, DossierState.CLOSED})


@dataclass(frozen=True, slots=True)
class SendingConflict:
    """A dossier that is not sent, and why."""

    dossier: str
    code: str
    text: Text


@dataclass(frozen=True, slots=True, kw_only=True)
class SendingTarget:
    """Who decides at the server, and where amounts are written.

    Attributes
    ----------
    instructor : id of the instructor who signs
    annotations : label or id of an annotation, by what it receives (`AMOUNTS`)
    notify : whether the server writes to applicants
    """

    instructor: str
    annotations: Mapping[str, str] = field(default_factory=dict)
    notify: bool = True


@dataclass(slots=True)
class PendingCalls:
    """The calls that are left, dossier by dossier, and what is not sent."""

    calls: list[tuple[Call, ...]] = field(default_factory=list)
    conflicts: list[SendingConflict] = field(default_factory=list)
    n_done: int = 0


def prepare_decisions(run: StoredRun, lang: Lang) -> pl.DataFrame:
    """Return what is to be sent of a run, one row per application.

    Columns: `dossier`, `number` (of the procedure, null if the dossier has none), `decision`, `granted_cents`,
    `base_cents`, `motivation`, `provisional` (the conditions of `PROVISIONAL` that alone refuse it, otherwise
    null). New grants have the sentence of the letters, refusals their reason.
    """
    table = build_decision_table(run)
    letters = write_letters(run, table, lang)
    motivation = (
        pl.when(pl.col(DECISION) == ApplicantDecision.FUNDED.value)
        .then(letters.sentence)
        .otherwise(letters.motive)
    )
    number = pl.col("dossier").str.extract(r"^(?:DS-)?0*(\d{1,10})$", 1).cast(pl.Int64)
    return table.select(
        "dossier",
        pl.when(number.is_between(1, _MOST_NUMBER)).then(number).alias("number"),
        pl.col(DECISION).alias("decision"),
        "granted_cents",
        pl.col(BASE).alias("base_cents"),
        motivation.alias("motivation"),
        _list_provisional(run.spec, table["reason"], table["reason_code"]),
    )


def _list_provisional(spec: ScenarioSpec, reasons: pl.Series, codes: pl.Series) -> pl.Series:
    """Return the conditions of `PROVISIONAL` that refuse an application, null where others do too, String (n,)."""
    meant = {
        entry.id: entry.require.root
        for entry in spec.eligibility
        if PROVISIONAL.get(entry.id) == describe(entry.require.root).lower()
    }
    by_head: dict[str, list[str]] = {}
    for entry in spec.eligibility:
        by_head.setdefault(entry.reason or entry.title, []).append(entry.id)
    blank = {
        next(iter(wanted)).join(write_blank_sentence(wanted, Lang(spec.locale))): name
        for name, wanted in meant.items()
    }
    result: dict[str, str] = {}
    for text in reasons.filter(codes == "ineligible").unique().drop_nulls().to_list() if meant else ():
        heads = [names for head, names in by_head.items() if head and f"{head} (" in text]
        if heads and all(not meant.keys().isdisjoint(names) for names in heads):
            result[text] = ", ".join(name for names in heads for name in names if name in meant)
    for text in reasons.filter(codes == NOT_GIVEN).unique().drop_nulls().to_list() if meant else ():
        names, rest = [name for sentence, name in blank.items() if sentence in text], text
        for sentence in blank:
            rest = rest.replace(sentence, "")
        if names and not rest.strip(_("; ").in_(Lang(spec.locale))):
            result[text] = ", ".join(names)
    return reasons.replace_strict(result, default=None, return_dtype=pl.String).alias("provisional")


def list_plan_conflicts(plan: pl.DataFrame) -> list[SendingConflict]:
    """List the dossiers that cannot be sent to any démarche."""
    conflicts = []
    wanted = plan.filter(pl.col("decision").is_in(list(_OPERATIONS)))
    own = plan.select(pl.coalesce("number", pl.col("dossier").str.extract(_SECOND_NUMBER, 1).cast(pl.Int64)))[
        "number"
    ]
    shared = own.filter(own.is_duplicated()).drop_nulls().unique()
    twice = wanted.filter(pl.col("number").is_in(shared.implode()))
    for dossier in wanted.filter(pl.col("number").is_null())["dossier"].to_list():
        text = _("this is not the number of an application of a procedure.")
        conflicts.append(SendingConflict(dossier, "number", text))
    for dossier in twice["dossier"].to_list():
        text = _("another line of the list has the same number.")
        conflicts.append(SendingConflict(dossier, "number_twice", text))
    mute = wanted.filter(
        (pl.col("decision") == ApplicantDecision.REFUSED.value)
        & (pl.col("motivation").str.strip_chars() == "")
    )
    for dossier in mute["dossier"].to_list():
        text = _("the refusal has no reason.")
        conflicts.append(SendingConflict(dossier, "no_reason", text))
    meanwhile = wanted.filter(
        (pl.col("decision") == ApplicantDecision.REFUSED.value) & pl.col("provisional").is_not_null()
    )
    for dossier, names in meanwhile.select("dossier", "provisional").iter_rows():
        text = _(
            'only "{condition}" refuses it, which sets empty cells aside for now. Fill them, or give this '
            "condition another id to refuse for that.",
            condition=names,
        )
        conflicts.append(SendingConflict(dossier, "provisional", text))
    return conflicts


def compare_with_server(
    plan: pl.DataFrame,
    dossiers: Mapping[int, ServerDossier],
    target: SendingTarget,
    confirmed: Collection[tuple[int, str]] = (),
) -> PendingCalls:
    """Return the calls that the present state of the dossiers leaves to make.

    Parameters
    ----------
    plan : of `prepare_decisions`
    dossiers : the dossiers of the procedure by number
    target : who decides, and where amounts go
    confirmed : numbers and operations that the server confirmed earlier: they are never sent again
    """
    pending = PendingCalls(conflicts=list_plan_conflicts(plan))
    barred = {one.dossier for one in pending.conflicts}
    for row in plan.filter(pl.col("decision").is_in(list(_OPERATIONS))).iter_rows(named=True):
        if row["dossier"] in barred:
            continue
        server = dossiers.get(row["number"])
        result = (
            SendingConflict(
                row["dossier"],
                "unknown",
                _("application {number} is not in this procedure.", number=str(row["number"])),
            )
            if server is None
            else _list_calls(row, server, target, confirmed)
        )
        if isinstance(result, SendingConflict):
            pending.conflicts.append(result)
        elif result:
            pending.calls.append(result)
        else:
            pending.n_done += 1
    return pending


def _list_calls(
    row: Mapping[str, object],
    server: ServerDossier,
    target: SendingTarget,
    confirmed: Collection[tuple[int, str]],
) -> tuple[Call, ...] | SendingConflict:
    """Return the calls of one dossier: amounts first, so that no decision stands without them."""
    dossier, operation = str(row["dossier"]), _OPERATIONS[str(row["decision"])]
    is_decided = server.state == STATE_AFTER[operation]
    if server.state not in set(DossierState):
        text = _('the server has it in a state unknown here: "{state}".', state=make_printable(server.state))
        return SendingConflict(dossier, "unknown_state", text)
    if server.state in _DECIDED and not is_decided:
        text = _('the server has it as "{state}".', state=server.state)
        return SendingConflict(dossier, "decided_otherwise", text)
    if server.archived and not is_decided:
        return SendingConflict(dossier, "archived", _("the application is archived."))
    calls: list[Call] = []
    if operation is Operation.ACCEPT and target.annotations:
        values = _match_annotations(row, server, target)
        if isinstance(values, SendingConflict):
            return values
        call = build_annotation_call(server, target.instructor, values)
        if not has_values(call, server.annotations):
            for annotation, value in values:
                if annotation.value not in (None, value):
                    return _build_amount_conflict(dossier, annotation, value, is_accepted=is_decided)
            calls.append(call)
    if not is_decided:
        motivation = str(row["motivation"])
        if server.state == DossierState.FILED:
            calls.append(
                build_decision_call(Operation.INSTRUCT, server, target.instructor, None, notify=target.notify)
            )
        calls.append(
            build_decision_call(operation, server, target.instructor, motivation, notify=target.notify)
        )
    if any((call.number, call.operation.value) in confirmed for call in calls):
        text = _("the server confirmed it earlier, and somebody has changed it since.")
        return SendingConflict(dossier, "changed_since", text)
    return tuple(calls)


def _build_amount_conflict(
    dossier: str, annotation: Annotation, value: Decimal, *, is_accepted: bool
) -> SendingConflict:
    if is_accepted:
        text = _("it is accepted already, with another amount in its annotations.")
    else:
        text = _(
            'its annotation "{name}" has {found} already, and the list {value}. Empty it there if it is wrong.',
            name=make_printable(annotation.label),
            found=str(annotation.value),
            value=str(value),
        )
    return SendingConflict(dossier, "other_amount", text)


def _match_annotations(
    row: Mapping[str, object], server: ServerDossier, target: SendingTarget
) -> list[tuple[Annotation, Decimal]] | SendingConflict:
    """Return the annotations of a dossier with the numbers that they receive."""
    values: list[tuple[Annotation, Decimal]] = []
    for what, name in target.annotations.items():
        matches = [one for one in server.annotations if name in (one.id, one.descriptor_id, one.label)]
        if len(matches) != 1 or matches[0].kind not in NUMBER_KINDS:
            text = (
                _('it has no annotation "{name}" that takes a number.', name=name)
                if len(matches) < 2
                else _('several of its annotations are called "{name}": give its id.', name=name)
            )
            return SendingConflict(str(row["dossier"]), "annotation", text)
        if any(annotation.id == matches[0].id for annotation, __ in values):
            text = _('"{name}" is an annotation that receives another amount already.', name=name)
            return SendingConflict(str(row["dossier"]), "annotation", text)
        value = compute_amount(what, row["granted_cents"], row["base_cents"])
        if value is None or (NUMBER_KINDS[matches[0].kind] == "integerNumber" and value != int(value)):
            text = (
                _('"{what}" is not known of it.', what=what)
                if value is None
                else _(
                    'the annotation "{name}" takes whole numbers, and it has {value}.',
                    name=name,
                    value=str(value),
                )
            )
            return SendingConflict(str(row["dossier"]), "annotation", text)
        values.append((matches[0], value))
    return values


def compute_amount(what: str, granted_cents: object, base_cents: object) -> Decimal | None:
    """Return what an annotation receives: euros, or the rate in % with two decimals; None if it is not known.

    >>> compute_amount("granted", 1_200_050, None), compute_amount("rate", 100, 300)
    (Decimal('12000.50'), Decimal('33.33'))
    """
    if not isinstance(granted_cents, int):
        return None
    if what == "granted":
        return Decimal(granted_cents).scaleb(-2)
    if not isinstance(base_cents, int) or base_cents <= 0:
        return None
    if what == "base":
        return Decimal(base_cents).scaleb(-2)
    return (Decimal(100 * granted_cents) / base_cents).quantize(Decimal("0.01"), ROUND_HALF_UP)


def count_operations(calls: Sequence[Sequence[Call]]) -> dict[Operation, int]:
    """Count the calls by operation."""
    counts = dict.fromkeys(Operation, 0)
    for several in calls:
        for call in several:
            counts[call.operation] += 1
    return counts
