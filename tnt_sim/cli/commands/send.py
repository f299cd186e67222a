"""`tnt-sim send`: the decisions of a run for the dossiers of a procedure; only `--send` changes them there."""

from __future__ import annotations

import os
from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from tnt_sim.cli.answer import OutputOptions
from tnt_sim.cli.commands.export import build_sibling_path, warn
from tnt_sim.cli.commands.run import format_path
from tnt_sim.cli.console import print_note
from tnt_sim.cli.invocation import read_locale
from tnt_sim.cli.options import (
    DemarcheOption,
    ProjectOption,
    RunArgument,
    SolveOption,
    TokenOption,
    parse_lang,
    parse_seconds,
)
from tnt_sim.errors import UsageError, suggest_name
from tnt_sim.i18n.message import N_, NO_TEXT, Lang, _

if TYPE_CHECKING:
    import polars as pl

    from tnt_sim.engine.stored_run import StoredRun
    from tnt_sim.exchange.demarche_calls import Call, DemarcheHead
    from tnt_sim.exchange.graphql_client import GraphqlClient
    from tnt_sim.exchange.sending import SendingOutcome
    from tnt_sim.exchange.sending_plan import PendingCalls, SendingConflict
    from tnt_sim.reporting.command_documents import CallCounts, SendDocument

_BLOCKED, _PARTIAL = 3, 1

ToOption = Annotated[
    str | None,
    typer.Option("--to", metavar="URL", help=N_("The address of the API; nothing is read without it.")),
]
InstructorOption = Annotated[
    str | None,
    typer.Option(
        "--instructor", metavar=N_("E-MAIL|ID"), help=N_("The instructor in whose name decisions are made.")
    ),
]
AnnotationOption = Annotated[
    list[str] | None,
    typer.Option(
        "--annotation",
        metavar=N_("WHAT=LABEL"),
        help=N_("Where amounts are written: granted, base (euros) or rate (%): granted=LABEL."),
    ),
]
SendOption = Annotated[
    bool, typer.Option("--send", help=N_("Sends the decisions for good; the procedure notifies applicants."))
]
SkipOption = Annotated[
    bool,
    typer.Option("--skip-conflicts", help=N_("Sends the others where some applications cannot be sent.")),
]
QuietServerOption = Annotated[
    bool,
    typer.Option("--no-notification", help=N_("Asks the procedure to send applicants no e-mail.")),
]
JournalOption = Annotated[
    Path | None,
    typer.Option(
        "--journal", metavar=N_("FILE"), help=N_("The journal of the calls; beside the run by default.")
    ),
]

LimitOption = Annotated[
    str | None,
    typer.Option(
        "--time-limit",
        metavar=N_("DURATION"),
        help=N_('How long the calls may take, and with --solve the solve too: "5 min" for example.'),
    ),
]


@dataclass(frozen=True, slots=True)
class _Server:
    """The state of a procedure before anything is sent."""

    client: GraphqlClient
    url: str
    demarche: int
    head: DemarcheHead
    pending: PendingCalls


def send(
    run_dir: RunArgument,
    output: OutputOptions,
    to: ToOption = None,
    demarche: DemarcheOption = None,
    instructor: InstructorOption = None,
    token_file: TokenOption = None,
    annotations: AnnotationOption = None,
    send_now: SendOption = False,
    skip_conflicts: SkipOption = False,
    no_notification: QuietServerOption = False,
    journal: JournalOption = None,
    solve: SolveOption = False,
    time_limit: LimitOption = None,
    project: ProjectOption = None,
) -> int:
    """Show what a decision changes in the online procedure, and with --send change it there."""
    tongue = parse_lang(output.lang, read_locale([run_dir]))
    places = _parse_annotations(annotations or ())
    if (
        (to is None) != (demarche is None)
        or (to is None) != (instructor is None)
        or (send_now and to is None)
    ):
        raise UsageError(
            _("--to, --demarche and --instructor go together, and --send needs them."), code="usage.to"
        )
    seconds = parse_seconds(time_limit)
    run = _open_run(run_dir, project, tongue, seconds, solve=solve, for_good=send_now)
    warn(run, tongue)
    from tnt_sim.exchange.sending_plan import list_plan_conflicts, prepare_decisions

    plan = prepare_decisions(run, tongue)
    if to is None or demarche is None or instructor is None:
        document = _build_document(run, plan, "planned", list_plan_conflicts(plan), tongue)
        return _show(document, output, tongue, 0)
    from tnt_sim.exchange.graphql_client import check_url
    from tnt_sim.exchange.journal import lock_journal

    check_url(to)
    file = journal if journal is not None else build_sibling_path(run_dir, f"{run.name}-send.jsonl")
    with lock_journal(file) if send_now else nullcontext():
        return _exchange(
            run, plan, places, tongue, output, to=to, demarche=demarche, instructor=instructor,
            token_file=token_file, file=file, seconds=seconds, send_now=send_now,
            skip_conflicts=skip_conflicts, notify=not no_notification,
        )  # fmt: skip


def _exchange(
    run: StoredRun,
    plan: pl.DataFrame,
    places: dict[str, str],
    lang: Lang,
    output: OutputOptions,
    *,
    to: str,
    demarche: int,
    instructor: str,
    token_file: Path | None,
    file: Path,
    seconds: float | None,
    send_now: bool,
    skip_conflicts: bool,
    notify: bool,
) -> int:
    """Read the procedure, and send what is left where `send_now` says so."""
    from tnt_sim.deadline import Deadline
    from tnt_sim.exchange.demarche_calls import read_demarche, read_dossiers
    from tnt_sim.exchange.demarche_schema import check_server
    from tnt_sim.exchange.graphql_client import GraphqlClient, read_token
    from tnt_sim.exchange.journal import JournalHead, open_journal
    from tnt_sim.exchange.sending import send_calls
    from tnt_sim.exchange.sending_plan import SendingTarget, compare_with_server

    client = GraphqlClient(to, read_token(token_file, os.environ), Deadline(seconds))
    own = JournalHead(run=run.name, allocation_sha256=run.data.allocation_sha256, url=to, demarche=demarche)
    journal = open_journal(file, own)
    check_server(client)
    head = read_demarche(client, demarche)
    target = SendingTarget(instructor=_find_instructor(instructor, head), annotations=places, notify=notify)
    wanted = set(plan["number"].drop_nulls().to_list())
    dossiers = {one.number: one for one in read_dossiers(client, demarche) if one.number in wanted}
    pending = compare_with_server(plan, dossiers, target, journal.confirmed)
    server = _Server(client, to, demarche, head, pending)
    if not send_now or (pending.conflicts and not skip_conflicts):
        status: Literal["blocked", "compared"] = "blocked" if send_now else "compared"
        document = _build_document(run, plan, status, pending.conflicts, lang, server)
        return _show(document, output, lang, _BLOCKED if send_now else 0)
    outcome = send_calls(client, pending.calls, journal)
    stopped = outcome.stopped_by is not None or bool(outcome.failed)
    document = _build_document(
        run, plan, "partial" if stopped else "sent", pending.conflicts, lang, server, outcome,
        format_path(file) if journal.states else None,
    )  # fmt: skip
    return _show(document, output, lang, _PARTIAL if stopped else 0)


def _open_run(
    run_dir: Path, project: Path | None, lang: Lang, seconds: float | None, *, solve: bool, for_good: bool
) -> StoredRun:
    """Open a run as acts do, which need its inputs and a proof."""
    from tnt_sim.engine.run_folder.run_access import Solving, open_stored, refuse_act

    run = open_stored(run_dir, project, lang, Solving(seconds) if solve else None, for_act=True)
    refuse_act(run, unproven=True)
    if run.checked.optimal.means is None:
        raise UsageError(
            _(
                '"{name}": nothing shows here that its allocation is the best, so nothing is sent. Add '
                "--solve to ask the solvers again, or run it again with more time.",
                name=run.name,
            ),
            code="usage.unproven",
        )
    if for_good and run.synthetic:
        raise UsageError(
            _('"{name}": its data are invented, so nothing is sent.', name=run.name), code="usage.synthetic"
        )
    return run


def _parse_annotations(texts: Sequence[str]) -> dict[str, str]:
    """Parse `WHAT=LABEL` texts."""
    names = ("granted", "base", "rate")
    places: dict[str, str] = {}
    for text in texts:
        what, equals, label = text.partition("=")
        if not equals or what not in names or not label.strip() or what in places:
            hint = suggest_name(what, names) or NO_TEXT
            raise UsageError(
                _(
                    '--annotation "{typed}": write granted=LABEL, base=LABEL or rate=LABEL. {hint}',
                    typed=text,
                    hint=hint,
                ),
                code="usage.annotation",
            )
        places[what] = label.strip()
    return places


def _find_instructor(name: str, head: DemarcheHead) -> str:
    """Return the id of an instructor of the procedure."""
    for key, address in head.instructors.items():
        if name == key or name.casefold() == address.casefold():
            return key
    raise UsageError(
        _("--instructor: the procedure has no instructor with this address or id."), code="usage.instructor"
    )


def _build_document(
    run: StoredRun,
    plan: pl.DataFrame,
    status: Literal["planned", "compared", "blocked", "sent", "partial"],
    conflicts: Sequence[SendingConflict],
    lang: Lang,
    server: _Server | None = None,
    outcome: SendingOutcome | None = None,
    journal: str | None = None,
) -> SendDocument:
    from tnt_sim.reporting.command_documents import RefusedCall, SendDocument, UnsentDossier
    from tnt_sim.reporting.reports.decision_table import ApplicantDecision

    counts = dict(plan["decision"].value_counts().iter_rows())
    funded = plan["decision"] == ApplicantDecision.FUNDED.value
    stopped = outcome.stopped_by if outcome is not None else None
    return SendDocument(
        scenario=run.spec.id,
        scenario_sha256=run.data.scenario_sha256,
        allocation_sha256=run.data.allocation_sha256,
        status=status,
        to=server.url if server else None,
        demarche=server.demarche if server else None,
        title=server.head.title if server else None,
        n_accept=counts.get(ApplicantDecision.FUNDED.value, 0),
        granted_cents=int(plan.filter(funded)["granted_cents"].sum()),
        n_refuse=counts.get(ApplicantDecision.REFUSED.value, 0),
        n_waiting=counts.get(ApplicantDecision.WAITING.value, 0),
        n_committed=counts.get(ApplicantDecision.COMMITTED.value, 0),
        n_closed=counts.get(ApplicantDecision.CLOSED.value, 0),
        n_done=server.pending.n_done if server else None,
        calls=_count_calls(server.pending.calls) if server else None,
        confirmed=_count_calls([outcome.confirmed]) if outcome else None,
        unsent=[
            UnsentDossier(dossier=one.dossier, code=one.code, message=one.text.in_(lang)) for one in conflicts
        ],
        refused=[
            RefusedCall(number=one.number, call=one.operation, message=one.why)
            for one in (outcome.failed if outcome else ())
        ],
        stopped_by=stopped.text.in_(lang) if stopped else None,
        journal=journal,
    )


def _count_calls(calls: Sequence[Sequence[Call]]) -> CallCounts:
    from tnt_sim.exchange.demarche_calls import Operation
    from tnt_sim.exchange.sending_plan import count_operations
    from tnt_sim.reporting.command_documents import CallCounts

    counts = count_operations(calls)
    return CallCounts(
        annotations=counts[Operation.ANNOTATE],
        to_instruction=counts[Operation.INSTRUCT],
        accept=counts[Operation.ACCEPT],
        refuse=counts[Operation.REFUSE],
    )


def _show(document: SendDocument, output: OutputOptions, lang: Lang, code: int) -> int:
    from tnt_sim.reporting.reports.sending import build_report

    output.show(build_report(document), document, lang)
    if code and output.quiet and not output.as_json:
        print_note(_("Not everything was sent.").in_(lang))
    return code
