"""`tnt-sim sign`: freeze a run as a signed list of the register, from which the next scenario starts."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tnt_sim.cli.answer import OutputOptions
from tnt_sim.cli.commands.export import UnprovenOption, build_solving
from tnt_sim.cli.commands.run import format_path
from tnt_sim.cli.console import build_hint, format_arguments
from tnt_sim.cli.invocation import read_locale
from tnt_sim.cli.options import (
    ProjectOption,
    SolveLimitOption,
    SolveOption,
    parse_lang,
)
from tnt_sim.cli.source_notes import print_changes
from tnt_sim.errors import UsageError, VerificationError
from tnt_sim.i18n.message import N_, Lang, _

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    from tnt_sim.engine.run_folder.run_access import Solving
    from tnt_sim.reporting.command_documents import SignDocument
    from tnt_sim.scenario.decision_register import RegisterEntry
    from tnt_sim.verify.verification import CheckRecord

SignedArgument = Annotated[
    Path | None,
    typer.Argument(metavar="[RUN_DIR]", help=N_("The run to sign; none with --amend."), show_default=False),
]
AsOption = Annotated[
    str,
    typer.Option(
        "--as", metavar=N_("NAME"), help=N_("The name under which it is signed: list-3."), show_default=False
    ),
]
AmendOption = Annotated[
    Path | None,
    typer.Option(
        "--amend",
        metavar="TABLE",
        help=N_("Withdrawals and reductions instead of a run: columns dossier and granted (0: withdrawn)."),
    ),
]
RegisterOption = Annotated[
    Path | None,
    typer.Option(
        "--register", metavar=N_("REGISTER"), help=N_("The register; registre/ in the project by default.")
    ),
]
SigningKeyOption = Annotated[
    Path | None,
    typer.Option(
        "--signing-key",
        metavar=N_("KEY"),
        help=N_("A private Ed25519 key (OpenSSH or PEM): it signs the entry of the register."),
    ),
]


def sign(
    name: AsOption,
    output: OutputOptions,
    run_dir: SignedArgument = None,
    amend: AmendOption = None,
    register: RegisterOption = None,
    project: ProjectOption = None,
    unproven: UnprovenOption = False,
    solve: SolveOption = False,
    time_limit: SolveLimitOption = None,
    signing_key: SigningKeyOption = None,
) -> int:
    """Sign a list, which changes no more; the next scenario starts from it (committed_from)."""
    tongue = parse_lang(output.lang, read_locale([run_dir] if run_dir else []))
    if (run_dir is None) == (amend is None):
        raise UsageError(
            _("give a run to sign, or --amend, not both."),
            code="usage.sign",
        )
    key = None
    if signing_key is not None:
        from tnt_sim.verify.signing.keys import read_signing_key

        key = read_signing_key(signing_key)
    record = None
    if run_dir is not None:
        solving = build_solving(time_limit, wanted=solve)
        entry, record = _list(run_dir, name, register, project, solving, key, tongue, unproven=unproven)
    else:
        from tnt_sim.engine.run_folder.sign_register import sign_amendments
        from tnt_sim.scenario.decision_register import REGISTER

        assert amend is not None
        entry = sign_amendments(amend, register or Path(REGISTER), name, key)
    from tnt_sim.reporting.reports.signature import build_report

    document = _build_document(entry, key)
    hint = [] if run_dir is None else build_hint("sign", tongue, format_arguments(run_dir))
    output.show(build_report(document, record), document, tongue, hint)
    return 0


def _list(
    run_dir: Path,
    name: str,
    register: Path | None,
    project: Path | None,
    solving: Solving | None,
    key: Ed25519PrivateKey | None,
    lang: Lang,
    *,
    unproven: bool,
) -> tuple[RegisterEntry, CheckRecord]:
    """Sign a run after verifying it from its inputs; return what was checked of it too."""
    from tnt_sim.engine.run_folder.run_access import open_stored, refuse_act
    from tnt_sim.engine.run_folder.sign_register import sign_run
    from tnt_sim.scenario.decision_register import REGISTER
    from tnt_sim.verify.input_files import project_of

    run = open_stored(run_dir, project, lang, solving, for_act=True)
    print_changes([run.checked], lang)
    if not run.checked.ok:
        raise VerificationError(run.checked.defects)
    refuse_act(run, unproven=unproven)
    root = project or project_of(run_dir, run.summary)
    return sign_run(run, register or root / REGISTER, name, key), run.checked.record


def _build_document(entry: RegisterEntry, key: Ed25519PrivateKey | None) -> SignDocument:
    from pydantic import TypeAdapter

    from tnt_sim.reporting.command_documents import AmendmentSignature, ListSignature, SignDocument

    kind: type[ListSignature] | type[AmendmentSignature] = (
        ListSignature if entry.is_list else AmendmentSignature
    )
    signature = TypeAdapter(kind).validate_python(dict(entry.signature))
    return SignDocument(
        scenario=entry.signature.get("scenario"),
        scenario_sha256=entry.signature.get("scenario_sha256"),
        path=format_path(entry.folder),
        signature=signature,
        signing_key=_compute_fingerprint(key),
    )


def _compute_fingerprint(key: Ed25519PrivateKey | None) -> str | None:
    """Return the fingerprint of the public key that checks this signature."""
    if key is None:
        return None
    from tnt_sim.verify.signing.keys import compute_fingerprint

    return compute_fingerprint(key.public_key())
