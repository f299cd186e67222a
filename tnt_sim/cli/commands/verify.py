"""`tnt-sim verify`: verify a run folder from its raw inputs; the result is three answers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tnt_sim.cli.answer import OutputOptions
from tnt_sim.cli.console import (
    ERROR,
    build_hint,
    format_arguments,
    print_note,
)
from tnt_sim.cli.invocation import read_locale
from tnt_sim.cli.options import (
    ProjectOption,
    RunArgument,
    SolveLimitOption,
    SolveOption,
    parse_lang,
)
from tnt_sim.documents import dump_document
from tnt_sim.errors import Defect
from tnt_sim.i18n.message import N_, Lang, _
from tnt_sim.i18n.parameters import Day

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
    from cryptography.x509 import Certificate

    from tnt_sim.engine.run_folder.replay import Checked
    from tnt_sim.reporting.sheet_check.folder_check import SheetCheck
    from tnt_sim.verify.document import RetentionEntry
    from tnt_sim.verify.signing.signature import Signed
    from tnt_sim.verify.verification import Verification

REFUSED, NOT_OPTIMAL, NOT_FIRST, CHANGED = 1, 5, 7, 8

RequireOption = Annotated[
    bool,
    typer.Option(
        "--require-proof",
        help=N_(
            "Exit code 5 if optimality is not shown here, 7 if the rank among ties is not, 8 if the scenario was "
            "changed by --set."
        ),
    ),
]


ChangedOption = Annotated[
    bool,
    typer.Option("--as-changed", help=N_("With --require-proof: a scenario changed by --set is accepted.")),
]


ExpectOption = Annotated[
    str | None,
    typer.Option(
        "--expect",
        metavar="SHA256",
        help=N_(
            "The hash received by another way, of the allocation or of the document; any other is refused."
        ),
    ),
]


PublicKeyOption = Annotated[
    Path | None,
    typer.Option(
        "--public-key",
        metavar=N_("KEY"),
        help=N_("The signer's public Ed25519 key (.pub or PEM): the signature in the register is checked."),
    ),
]


TsaOption = Annotated[
    Path | None,
    typer.Option(
        "--tsa-cert",
        metavar=N_("CERTIFICATE"),
        help=N_("The certificate of the time stamp authority: each .tsr beside the signature is checked."),
    ),
]


SheetsOption = Annotated[
    Path | None,
    typer.Option(
        "--sheets",
        metavar=N_("FOLDER"),
        help=N_("A folder that `transparency` wrote: each of its files is drawn again and compared."),
    ),
]


ExportOption = Annotated[
    Path | None,
    typer.Option(
        "--export",
        metavar=N_("FOLDER"),
        help=N_(
            "Write verifier.py with the rows and the certificate: `python verifier.py` there repeats the proof."
        ),
    ),
]


def verify(
    run_dir: RunArgument,
    output: OutputOptions,
    project: ProjectOption = None,
    expect: ExpectOption = None,
    require_proof: RequireOption = False,
    as_changed: ChangedOption = False,
    solve: SolveOption = False,
    time_limit: SolveLimitOption = None,
    public_key: PublicKeyOption = None,
    tsa_cert: TsaOption = None,
    sheets: SheetsOption = None,
    export: ExportOption = None,
) -> int:
    """Verify a run from its raw inputs: rules, optimality, rank among ties."""
    tongue = parse_lang(output.lang, read_locale([run_dir]))
    from tnt_sim.cli.commands.export import build_solving
    from tnt_sim.engine.run_folder.replay import check_run
    from tnt_sim.engine.run_folder.run_access import complete_verification
    from tnt_sim.reporting.reports.verification import build_report
    from tnt_sim.verify.document import build_document
    from tnt_sim.verify.signing.signature import is_amendment
    from tnt_sim.verify.signing.witness import normalise_hash
    from tnt_sim.verify.verification import RunHead

    expected = None if expect is None else normalise_hash(expect)
    key, authority = _read_keys(public_key, tsa_cert)
    solving = build_solving(time_limit, wanted=solve)
    retention, sheet_check = None, None
    if is_amendment(run_dir):
        _refuse_options(
            {
                "--project": project,
                "--solve": solve,
                "--require-proof": require_proof,
                "--sheets": sheets,
                "--export": export,
            }
        )
        verification, signed = _verify_amendment(run_dir, expected, key, authority)
    else:
        checked = check_run(run_dir, project, expected)
        verification = _check_explanation(checked, complete_verification(checked, solving), tongue)
        signed = _check_signature(run_dir, project, key, authority)
        retention = _read_retention(checked)
        sheet_check = None if sheets is None else _check_sheets(checked, verification, sheets)
        verification = _add_sheets(verification, retention, sheet_check)
        if export is not None and verification.ok:
            verification = _export(checked, verification, export, tongue)
    verification = _add_defects(verification, signed.defects)
    for defect in verification.defects:
        print_note(ERROR.in_(tongue) + defect.describe(tongue))
    for text in verification.notes:
        print_note(text.in_(tongue))
    hint = []
    if verification.ok and isinstance(verification.head, RunHead):
        shown = "verify" if verification.optimal.is_shown else "verify --claimed"
        shown = shown if signed.entry is None else "verify --signed"
        hint = build_hint(shown, tongue, format_arguments(run_dir))
    entry = None if sheet_check is None else sheet_check.entry
    document = dump_document(build_document(verification, signed, tongue, retention, entry))
    output.show(build_report(verification, signed, entry), document, tongue, hint)
    return determine_exit_code(verification, require_proof=require_proof, as_changed=as_changed)


def _export(checked: Checked, verification: Verification, folder: Path, lang: Lang) -> Verification:
    """Write the files with which a stranger repeats the proof; return the verification with a note of them."""
    from tnt_sim.disk import build_write_error, put_all, quote_path
    from tnt_sim.verify.verifier_files import build_verifier_files

    decisions = [part.decision for part in checked.replay.decisions] if checked.replay else []
    files = {folder / name: data for name, data in build_verifier_files(checked.run, decisions, lang).items()}
    try:
        put_all(files)
    except OSError as error:
        raise build_write_error(quote_path(folder), error) from error
    note = _(
        'Proof written to "{folder}". Anyone repeats it there without tnt-sim: python verifier.py',
        folder=format_arguments(folder),
    )
    return replace(verification, notes=(*verification.notes, note))


def _verify_amendment(
    folder: Path, expected: str | None, key: Ed25519PublicKey | None, authority: Certificate | None
) -> tuple[Verification, Signed]:
    """Verify an amendment of a register: its reductions and its signature."""
    from tnt_sim.verify.signing.signature import (
        SignatureStanding,
        Signed,
        check_entry_signature,
        read_amendment,
    )

    entry, verification = read_amendment(folder, expected)
    if entry is None:
        return verification, Signed(SignatureStanding.MISMATCH)
    return verification, check_entry_signature(entry, key, authority)


def _refuse_options(options: Mapping[str, object]) -> None:
    """Refuse options that an amendment does not have: it has no project and nothing to prove."""
    from tnt_sim.errors import UsageError

    for option in (name for name, value in options.items() if value):
        raise UsageError(
            _(
                "{option} is for a run, and this is an amendment of the register: take this option out.",
                option=option,
            ),
            code="usage.amendment",
        )


def _read_keys(
    public_key: Path | None, tsa_cert: Path | None
) -> tuple[Ed25519PublicKey | None, Certificate | None]:
    """Return the keys and certificates with which signatures are checked."""
    from tnt_sim.verify.signing.keys import read_certificate, read_public_key

    key = None if public_key is None else read_public_key(public_key)
    return key, None if tsa_cert is None else read_certificate(tsa_cert)


def _check_signature(
    run_dir: Path, project: Path | None, key: Ed25519PublicKey | None, authority: Certificate | None
) -> Signed:
    from tnt_sim.verify.input_files import project_of
    from tnt_sim.verify.run_files import read_summary
    from tnt_sim.verify.signing.signature import check_signature

    summary = read_summary(run_dir)
    return check_signature(run_dir, summary, project or project_of(run_dir, summary), key, authority)


def _check_explanation(checked: Checked, verification: Verification, lang: Lang) -> Verification:
    """Return the verification with defects or a note of the explanation in the run folder."""
    from tnt_sim.engine.run_folder.explanation_file import FILES

    run = checked.run
    if not verification.ok or run.whole is None or not any((run.run_dir / name).exists() for name in FILES):
        return verification
    from tnt_sim.analysis.explain.explanation_check import read_checked
    from tnt_sim.analysis.shared.decided_run import of_replay
    from tnt_sim.verify.verification import Standing

    document, files = read_checked(of_replay(run, run.whole, verification), lang, 0.0)
    if files.defects:
        return verification.refuse(files.defects)
    if document is not None:
        return replace(verification, explanation=Standing.CLAIMED)
    note = _("The explanation in the run folder is not used: {why}", why=files.reason_against)
    return replace(verification, notes=(*verification.notes, note))


def _read_retention(checked: Checked) -> RetentionEntry | None:
    """Return the retention that the scenario of a run states."""
    from tnt_sim.cli.clock import get_today
    from tnt_sim.domain.publisher import compute_last_day
    from tnt_sim.verify.document import RetentionEntry

    scenario = checked.run.scenario
    last = None if scenario is None else compute_last_day(scenario.spec.publisher, scenario.spec.date)
    return None if last is None else RetentionEntry(last_day=last.isoformat(), is_past=get_today() > last)


def _check_sheets(checked: Checked, verification: Verification, folder: Path) -> SheetCheck | None:
    """Return the check of a folder of sheets; None if the run itself is refused."""
    from tnt_sim.engine.run_folder.run_access import open_checked
    from tnt_sim.reporting.sheet_check.folder_check import check_sheets, read_sheet_language

    return (
        check_sheets(open_checked(checked, read_sheet_language(folder)), folder) if verification.ok else None
    )


def _add_sheets(
    verification: Verification, retention: RetentionEntry | None, sheets: SheetCheck | None
) -> Verification:
    """Return the verification with what speaks against the sheets, and with the end of the retention."""
    notes = list(verification.notes)
    if retention is not None and retention.is_past:
        notes.append(
            _(
                "The retention of this calculation ended on {day}. Hand it to the archives or, with their visa, "
                "destroy it: the run folder, its sheets and its exports, then the tables that it read, by "
                "`tnt-sim runs --prune`.",
                day=Day(retention.last_day),
            )
        )
    if sheets is not None:
        notes += sheets.notes
        if sheets.defects:
            verification = verification.refuse(sheets.defects)
    return replace(verification, notes=tuple(notes))


def _add_defects(verification: Verification, against: tuple[Defect, ...]) -> Verification:
    """Return the verification with what speaks against the folder, if anything."""
    if not against:
        return verification
    return verification.refuse(list(dict.fromkeys((*against, *verification.defects))))


def determine_exit_code(verification: Verification, *, require_proof: bool, as_changed: bool) -> int:
    """Return 0, or 1 for a refused run.

    With `--require-proof`, return 5 if optimality is not shown here, and 7 if the tie-break is not. A scenario
    that `--set` changed gives 8, unless `as_changed`.
    """
    if not verification.ok:
        return REFUSED
    if not require_proof:
        return 0
    if not verification.optimal.is_shown:
        return NOT_OPTIMAL
    if verification.changes and not as_changed:
        return CHANGED
    return 0 if verification.first.is_shown else NOT_FIRST
