"""The command line: verbs, exit codes, and errors in one line each."""

from __future__ import annotations

import os
import sys
import traceback
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Annotated

import typer

from tnt_sim.cli.alternatives import alternatives
from tnt_sim.cli.audit import audit
from tnt_sim.cli.batch import batch
from tnt_sim.cli.compare import compare
from tnt_sim.cli.conflict import conflict
from tnt_sim.cli.core import core
from tnt_sim.cli.doctor import doctor
from tnt_sim.cli.ensemble import ensemble
from tnt_sim.cli.explain import explain
from tnt_sim.cli.export import export
from tnt_sim.cli.french_help import FrenchCommand, FrenchGroup
from tnt_sim.cli.import_ import import_
from tnt_sim.cli.inversions import inversions
from tnt_sim.cli.new import new
from tnt_sim.cli.report import report
from tnt_sim.cli.run import run
from tnt_sim.cli.show import show
from tnt_sim.cli.sign import sign
from tnt_sim.cli.speak import INTERRUPTED_AND_TOLD, emit, error_document, language, note, tell_error
from tnt_sim.cli.sweep import sweep
from tnt_sim.cli.usage import usage_error
from tnt_sim.cli.validate import validate
from tnt_sim.cli.verify import verify
from tnt_sim.cli.weights import weights
from tnt_sim.errors import Defect, Text, TntError

INTERRUPTED, BUG = 130, 1
PROGRAM = "tnt-sim"

_ABOUT = """\
Répartit une enveloppe de subventions entre des dossiers : le meilleur choix,
prouvé et expliqué.
Allocates a grant envelope among dossiers; results in English with --lang en."""

_CODES = """\
Codes de sortie : 0 fait ; 1 erreur du programme ou vérification refusée ;
2 commande mal écrite ; 3 données ou scénario invalides ; 4 aucune répartition
possible ; 5 arrêté par une limite sans rien tenir, ou non prouvé sous
--require-proof ; 6 un lot dont des scénarios ont échoué ; 130 interrompu.

Exemples :
  tnt-sim new demo
  tnt-sim run demo/scenario.yaml
  tnt-sim run scenario.yaml --set programme.amount="90 M€"

« tnt-sim VERBE --help » explique un verbe ; --debug détaille une panne."""

_EXAMPLES = {
    "new": """\
Exemples :
  tnt-sim new demo
  tnt-sim new ma-programmation --from dossiers.xlsx""",
    "validate": """\
Exemple :
  tnt-sim validate scenario.yaml""",
    "show": """\
Exemples :
  tnt-sim show scenario.yaml --model
  tnt-sim show variante.yaml --resolved --set programme.amount="90 M€\"""",
    "run": """\
Le résultat est écrit dans runs/<id>-<empreinte>/ ; allocation.csv s'ouvre dans
un tableur.

Exemples :
  tnt-sim run scenario.yaml
  tnt-sim run scenario.yaml --set programme.amount="90 M€" --set rules.r1.off=true
  tnt-sim run scenario.yaml --json --require-proof > resultat.json""",
    "sweep": """\
Chaque montant est calculé et prouvé pour lui-même (libre), puis en gardant les
promesses des montants d'avant (cumulatif). La page, le classeur, les images et
sweep.json sont écrits dans runs/<id>-sweep-<empreinte>/.

Exemples :
  tnt-sim sweep scenario.yaml --from "88 M€" --to "108 M€"
  tnt-sim sweep scenario.yaml --envelope axe-3 --to "40 M€" --exact
  tnt-sim sweep scenario.yaml --nested --at "90 M€" --at "98 M€" --at "108 M€"
  tnt-sim sweep scenario.yaml --from "50 %" --to "150 %" --share pro_rata

Une question à la place de la courbe, sans rien écrire :
  tnt-sim sweep scenario.yaml --next
  tnt-sim sweep scenario.yaml --entries --to "98 M€" --dossier D-0044
  tnt-sim sweep scenario.yaml --target all --target +400 --target departments
  tnt-sim sweep scenario.yaml --prices
  tnt-sim sweep scenario.yaml --extend "10 M€" --key axe-1=30,axe-3=34""",
    "verify": """\
Exemple :
  tnt-sim verify runs/tnt-2021-1a2b3c4d""",
    "explain": """\
Sans dossier : ce que fait chaque règle et la liste de réserve. Avec --all : la
raison de chacun et la note qu'il faudrait à chaque non retenu.

Exemples :
  tnt-sim explain runs/tnt-2021-1a2b3c4d A3-0121 FC-065
  tnt-sim explain runs/tnt-2021-1a2b3c4d --all --json > explications.json""",
    "inversions": """\
Exemples :
  tnt-sim inversions runs/tnt-2021-1a2b3c4d
  tnt-sim inversions runs/demo-1a2b3c4d --by department --penalty 1
  tnt-sim inversions runs/demo-1a2b3c4d --rank avis \\
    --opinions "très favorable,favorable,réservé\"""",
    "core": """\
Exemple :
  tnt-sim core runs/tnt-2021-1a2b3c4d runs/enveloppe-90-5e6f7a8b""",
    "conflict": """\
Code de sortie : 0 une répartition existe, 4 aucune, 5 le temps a manqué.

Exemples :
  tnt-sim conflict scenario.yaml
  tnt-sim conflict scenario.yaml --set programme.amount="60 M€" --json""",
    "audit": """\
La liste a une colonne « dossier », et si l'on veut « granted » (montant) et
« funded » (oui ou non) ; un export de Turgot ou un dossier de calcul convient.

Exemples :
  tnt-sim audit scenario.yaml --selection ma-liste.xlsx
  tnt-sim audit scenario.yaml --selection runs/tnt-2021-1a2b3c4d --json""",
    "alternatives": """\
Exemples :
  tnt-sim alternatives scenario.yaml
  tnt-sim alternatives scenario.yaml --within "0,5 %" --count 20 --by money""",
    "weights": """\
Exemple :
  tnt-sim weights scenario.yaml --criteria score,population --order score,population""",
    "export": """\
Formats : xlsx (le classeur), csv, parquet, demarche (annotations de la
démarche), turgot, scdl (publication), pabulib, publipostage (courriers),
arrete (annexe), chorus (engagements).

Exemples :
  tnt-sim export runs/tnt-2021-1a2b3c4d --format demarche
  tnt-sim export runs/tnt-2021-1a2b3c4d --format csv --csv-style intl
  tnt-sim export runs/tnt-2021-1a2b3c4d --by department""",
    "report": """\
Exemples :
  tnt-sim report runs/tnt-2021-1a2b3c4d --out rapport.html
  tnt-sim report runs/tnt-2021-1a2b3c4d --out rapport.html \\
    --slider deconcentre --from "80 %" --to "40 M€" --steps 20
  tnt-sim report runs/tnt-2021-1a2b3c4d --out note.xlsx
  tnt-sim report runs/tnt-2021-1a2b3c4d runs/tnt-2021-5e6f7a8b --out deux.xlsx

La feuille « Paramètres », modifiée, se reprend :
  tnt-sim run scenario.yaml --from-xlsx note.xlsx""",
    "sign": """\
La liste signée est copiée dans registre/NOM/ avec ses preuves ; elle ne change
plus. Le scénario suivant écrit « committed_from: registre/ ». Un retrait ou une
baisse se signe aussi, et libère l'argent.

Exemples :
  tnt-sim sign runs/tnt-2021-1a2b3c4d --as liste-3
  tnt-sim sign --amend retraits.csv --as avenant-1""",
    "import": """\
Écrit dossiers.csv (la table propre), quality.csv (chaque constat, sa cellule et
son remède) et mapping.yaml (quel champ est quelle colonne : deviné, à relire,
puis réutilisé ; ce qui change d'un export à l'autre est dit champ par champ).
Rien de ce qui nomme une personne physique n'est repris d'office.

Exemples :
  tnt-sim import dossiers_detr_2026-01-15_10-02.xlsx
  tnt-sim import dump.json --format demarche --out import-detr
  tnt-sim import liste.csv --encoding cp1252 --control-requested "92 M€"
  tnt-sim import quartier.pb
  tnt-sim import classeurs-rendus --consolidate --out choix""",
    "compare": """\
Des scénarios (calculés au besoin) ou des dossiers de calcul ; le premier est la
référence. Chaque mouvement a sa cause : un changement à la fois est essayé.

Exemples :
  tnt-sim compare tnt-2021.yaml enveloppe-98.yaml
  tnt-sim compare runs/tnt-2021-1a2b3c4d runs/tnt-2021-5e6f7a8b --out deux.html
  tnt-sim compare a.yaml b.yaml c.yaml --json --no-causes > ecarts.json""",
    "ensemble": """\
Le scénario dit ce qui n'est pas sûr, sous `uncertain` : coûts, notes, abandons,
caducité, éligibilité en suspens, coût final. La même graine redonne tout.

Exemples :
  tnt-sim ensemble scenario.yaml --draws 1000 --seed 1
  tnt-sim ensemble scenario.yaml --draws 500 --sensitivity 100 --out risques.html""",
    "batch": """\
Un fichier de lot croise des valeurs :

  base: tnt-2021.yaml
  matrix: {programme.amount: [88 M€, 98 M€], rules.r4.min: [20 %, 25 %]}
  name: "{programme.amount}, {rules.r4.min}"

Ctrl-C, une panne ou un arrêt ne perdent rien : la même commande reprend.

Exemples :
  tnt-sim batch lot.yaml --out lots/enveloppes
  tnt-sim batch a.yaml b.yaml --out lots/deux --executor serial
  tnt-sim batch lot.yaml --out lots/x --executor dask --scheduler tls://hote:8786""",
    "doctor": """\
Exemple :
  tnt-sim doctor""",
}
_VERBS: dict[str, Callable[..., int]] = {
    "new": new,
    "validate": validate,
    "show": show,
    "run": run,
    "sweep": sweep,
    "verify": verify,
    "explain": explain,
    "inversions": inversions,
    "core": core,
    "conflict": conflict,
    "audit": audit,
    "alternatives": alternatives,
    "weights": weights,
    "import": import_,
    "export": export,
    "report": report,
    "compare": compare,
    "ensemble": ensemble,
    "batch": batch,
    "sign": sign,
    "doctor": doctor,
}


def build() -> typer.Typer:
    """The program with its verbs."""
    app = typer.Typer(
        name=PROGRAM,
        cls=FrenchGroup,
        help=_ABOUT,
        epilog=_CODES,
        no_args_is_help=True,
        rich_markup_mode=None,
        pretty_exceptions_enable=False,
    )
    app.callback()(_program)
    for name, verb in _VERBS.items():
        app.command(name, cls=FrenchCommand, epilog=_EXAMPLES[name])(verb)
    return app


def _show_version(wanted: bool) -> None:
    if wanted:
        from importlib import metadata

        typer.echo(f"{PROGRAM} {metadata.version(PROGRAM)}")
        raise typer.Exit


def _program(
    version: Annotated[
        bool,
        typer.Option(
            "--version", callback=_show_version, is_eager=True, help="Affiche la version de tnt-sim."
        ),
    ] = False,
) -> None:
    """Only what `_ABOUT` says; the verbs do the work."""


_program.__doc__ = _ABOUT


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and give its exit code; nothing raised on purpose shows a traceback."""
    words = list(sys.argv[1:] if argv is None else argv)
    debug = "--debug" in words or bool(os.environ.get("TNT_SIM_DEBUG"))
    words = [word for word in words if word != "--debug"]
    _speak_utf8()
    try:
        code = build()(args=words, prog_name=PROGRAM, standalone_mode=False)
    except TntError as error:
        if debug:
            traceback.print_exc()
        return _failed(error, words)
    except typer.TyperException as error:
        return _refused(error, words)
    except (KeyboardInterrupt, typer.Abort):
        code = INTERRUPTED
    except Exception as error:  # noqa: BLE001  (the last net: a bug is one line, not a page)
        return _bug(error, words, debug=debug)
    if code == INTERRUPTED:
        return _interrupted(words)
    return INTERRUPTED if code == INTERRUPTED_AND_TOLD else int(code or 0)


def _failed(error: TntError, words: Sequence[str]) -> int:
    tell_error(error, _verb(words), language(words), as_json="--json" in words)
    return error.exit_code


def _refused(error: typer.TyperException, words: Sequence[str]) -> int:
    """A command line that cannot be: one line, or the help when there was nothing at all."""
    if type(error).__name__ == "NoArgsIsHelpError":
        note(str(error))
        return 2
    return _failed(usage_error(error, list(_VERBS), _verb(words)), words)


def _bug(error: Exception, words: Sequence[str], *, debug: bool) -> int:
    if debug:
        traceback.print_exc()
    what = f"{type(error).__name__}: {error}".splitlines()[0][:300]
    text = Text(
        f"panne inattendue de tnt-sim ({what}). Relancez avec --debug et envoyez ce qui s'affiche.",
        f"unexpected failure of tnt-sim ({what}). Run again with --debug and send what it shows.",
    )
    return _failed(TntError(text, code="bug"), words) or BUG


def _interrupted(words: Sequence[str]) -> int:
    lang = language(words)
    text = Text("interrompu ; rien n'a été écrit.", "interrupted; nothing was written.")
    note(text.in_(lang)[:1].upper() + text.in_(lang)[1:])
    if "--json" in words:
        emit(error_document("interrupted", (Defect("interrupted", text),), _verb(words), lang))
    return INTERRUPTED


def _verb(words: Sequence[str]) -> str:
    return next((word for word in words if word in _VERBS), "")


def _speak_utf8() -> None:
    """Accents and « € » whatever the system's encoding."""
    for stream in (sys.stdout, sys.stderr):
        change = getattr(stream, "reconfigure", None)
        if change is not None:
            with suppress(ValueError, OSError):
                change(encoding="utf-8", errors="replace")


if __name__ == "__main__":
    sys.exit(main())
