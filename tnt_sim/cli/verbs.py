"""The verbs by question: for each its help, and examples that a test runs as written.

Examples use the folder that `tnt-sim new demo` creates, and run inside it. A verb is a function of its own name in
a module of its own name; the module is imported when the verb runs or shows its help.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import wraps
from importlib import import_module
from keyword import iskeyword

from tnt_sim.errors import NothingDecided, ScenarioError, UsageError
from tnt_sim.i18n.message import N_
from tnt_sim.studies.registry import DECLARED, ON_DECISIONS, ON_LISTS, ON_MONEY, ON_RUNS, load_study

START = N_("Start")
DECIDE = N_("Decide")
ASK = N_("Ask")
COMPARE = N_("Compare")
PUBLISH = N_("Publish")
CHECK = N_("Check")


_GROUPS = {**dict.fromkeys(ON_LISTS, COMPARE), **dict.fromkeys(ON_RUNS, CHECK)}
"""Groups of the declared questions that do not ask a scenario or a decision about itself."""


@dataclass(frozen=True, slots=True)
class Verb:
    """What the help says of a verb, in English.

    Attributes
    ----------
    group : the question under which the program lists it
    help : what it does, in one sentence
    note : paragraphs before the examples
    examples : commands, one per line
    then : paragraph after the examples
    """

    group: str
    help: str
    note: str = ""
    examples: str = ""
    then: str = ""

    @property
    def epilog(self) -> str:
        """The help below the options."""
        title = N_("Example:") if self.examples.count("  tnt-sim ") == 1 else N_("Examples:")
        return f"{self.note}\n\n{title}\n{self.examples}\n{self.then}".strip("\n")


class VerbHelp(Mapping[str, Verb]):
    """The help of each verb, by name; a declared question gives its own where the program lists or runs it."""

    def __init__(self, verbs: Mapping[str, Verb | None]) -> None:
        self._verbs = verbs

    def __getitem__(self, name: str) -> Verb:
        verb = self._verbs[name]
        if verb is None:
            study = load_study(name)
            verb = Verb(_GROUPS.get(name, ASK), study.help, study.note, study.examples)
        return verb

    def __contains__(self, name: object) -> bool:
        return name in self._verbs

    def __iter__(self) -> Iterator[str]:
        return iter(self._verbs)

    def __len__(self) -> int:
        return len(self._verbs)


VERBS = VerbHelp(
    {
        "new": Verb(
            START,
            N_("Creates a project: a complete example, or a scenario from your table of applications."),
            examples="""\
  tnt-sim new demo
  tnt-sim new ma-programmation --from dossiers.xlsx
""",
        ),
        "examples": Verb(
            START,
            N_("Lists the shipped examples, or copies some with the tables that they read."),
            note=N_(
                "No file that differs is ever replaced. Each example comes with the sources of its data."
            ),
            examples="""\
  tnt-sim examples
  tnt-sim examples tnt-2021
  tnt-sim examples premier-soir rural-broadband --out essais
""",
        ),
        "refresh": Verb(
            START,
            N_("Reads the table of a project again, and shows what changes before it is written."),
            note=N_(
                "A project made with new --from holds a copy of its table in data/; run reads the copy alone. "
                "Options answer the questions of the review page, and are kept in intake.yaml."
            )
            + "\n\n"
            + N_("With --from-api it reads the procedure again: changes since, and deletions."),
            examples="""\
  tnt-sim refresh mon-programme
  tnt-sim refresh mon-programme --apply
""",
            then=N_("From the server of the procedure:")
            + """
  tnt-sim refresh mon-programme --from-api https://demarche.numerique.gouv.fr/api/v2/graphql \\
    --token-file jeton""",
        ),
        "import": Verb(
            START,
            N_("Imports an export and reports what is missing or contradictory in it."),
            note=N_(
                "Writes dossiers.csv (the clean table), quality.csv (each finding, its cell and its "
                "remedy) and mapping.yaml (which field is which column: guessed, to review, then "
                "reused; it lists what changes from one export to the next). A column that identifies "
                "a person is imported only if you ask for it."
            )
            + "\n\n"
            + N_(
                "With --from-api it reads the applications page by page from the API, with the token of "
                "--token-file or TNT_SIM_TOKEN, into dossiers.json. The same command goes on after an "
                "interruption, and later reads only what changed."
            ),
            examples="""\
  tnt-sim import dossiers_detr_2026-01-15_10-02.xlsx
  tnt-sim import export.json --format demarche --out import-detr
  tnt-sim import liste.csv --encoding cp1252 --control-requested "70 k€"
  tnt-sim import quartier.pb
  tnt-sim import classeurs-rendus --consolidate --out choix
""",
            then=N_("From the server of the procedure:")
            + """
  tnt-sim import --from-api https://demarche.numerique.gouv.fr/api/v2/graphql \\
    --demarche 12345 --token-file jeton""",
        ),
        "run": Verb(
            DECIDE,
            N_("Computes the allocation: who is funded, for how much, and why."),
            note=N_("The result is written in runs/<id>-<hash>/; allocation.csv opens in a spreadsheet."),
            examples="""\
  tnt-sim run scenario.yaml
  tnt-sim run scenario.yaml --set programme.amount="1.3 M€" \\
    --set rules.part-communes.off=true
  tnt-sim run scenario.yaml --json --require-proof > resultat.json
""",
        ),
        "app": Verb(
            DECIDE,
            N_("Opens the planner's page: adjust, see the list, compare, save."),
            note=N_(
                "The page opens in the browser and asks nothing of the Internet. Each tab has its own settings. "
                "Without a scenario, it begins with a table of applications."
            ),
            examples="""\
  tnt-sim app scenario.yaml
  tnt-sim app
  tnt-sim app scenario.yaml --lang en --port 8900 --no-browser
""",
        ),
        "batch": Verb(
            DECIDE,
            N_("Solves many scenarios, and goes on where it stopped."),
            note=N_("A batch file crosses values:")
            + """

  base: scenario.yaml
  matrix:
    programme.amount: [1.2 M€, 1.3 M€]
    rules.part-communes.min: [40 %, 50 %]
  name: "{programme.amount}, {rules.part-communes.min}"

"""
            + N_("Ctrl-C, a crash or a stop lose nothing: the same command goes on."),
            examples="""\
  tnt-sim batch lot.yaml --out lots/enveloppes
  tnt-sim batch a.yaml b.yaml --out lots/deux --executor serial
  tnt-sim batch lot.yaml --out lots/x --executor dask --scheduler tls://hote:8786
""",
        ),
        "explain": Verb(
            ASK,
            N_("Explains why an application is funded or not, and the smallest change that would fund it."),
            note=N_(
                "Without an application: what each rule does, and the reserve list. With --all: the reason of "
                "each, and the score that each one left out would need."
            ),
            examples="""\
  tnt-sim explain runs/exemple-1a2b3c4d E-03 E-24
  tnt-sim explain runs/exemple-1a2b3c4d --all --json > explications.json
""",
        ),
        **dict.fromkeys(ON_DECISIONS),
        "sweep": Verb(
            ASK,
            N_("Computes the best allocation at each amount of an envelope."),
            note=N_(
                "Each amount is solved and proven by itself (free), then keeping the commitments of the "
                "amounts before (nested). The page, the workbook, the pictures and sweep.json are "
                "written in runs/<id>-sweep-<hash>/."
            ),
            examples="""\
  tnt-sim sweep scenario.yaml
  tnt-sim sweep scenario.yaml --from "1.2 M€" --to "1.5 M€" --steps 3
  tnt-sim sweep scenario.yaml --envelope numerique --to "700 k€" --exact
  tnt-sim sweep scenario.yaml --nested --at "1.2 M€" --at "1.3 M€" --at "1.5 M€"
  tnt-sim sweep scenario.yaml --from "80 %" --to "120 %" --share pro_rata
""",
        ),
        **dict.fromkeys(ON_MONEY),
        "ensemble": Verb(
            ASK,
            N_(
                "Simulates uncertain costs, scores and withdrawals: which applications are funded in most "
                "draws."
            ),
            note=N_(
                "The scenario says what is not certain, under `uncertain`: costs, scores, dropouts, lapses, "
                "pending eligibility, final cost. The same seed gives all of it again."
            ),
            examples="""\
  tnt-sim ensemble incertain.yaml --draws 1000 --seed 1
  tnt-sim ensemble incertain.yaml --draws 500 --sensitivity 100 --out risques.html
  tnt-sim ensemble --fit soldes.csv --by applicant_type
""",
        ),
        "compare": Verb(
            COMPARE,
            N_("Compares scenarios or runs: inputs, totals, who comes in, who goes out."),
            note=N_(
                "Scenarios (solved if need be) or run folders; the first is the reference. Each move has its "
                "cause: one change at a time is tried."
            ),
            examples="""\
  tnt-sim compare scenario.yaml variante.yaml
  tnt-sim compare runs/exemple-1a2b3c4d runs/exemple-5e6f7a8b --out deux.html
  tnt-sim compare a.yaml b.yaml c.yaml --json --no-causes > ecarts.json
""",
        ),
        "core": Verb(
            COMPARE,
            N_("Lists the applications funded in all runs, some or none, and what makes them change."),
            examples="""\
  tnt-sim core runs/exemple-1a2b3c4d runs/exemple-5e6f7a8b
""",
        ),
        **dict.fromkeys(ON_LISTS),
        "report": Verb(
            PUBLISH,
            N_("Writes the report (web page or PDF), the workbook or the Jupyter notebook of a run."),
            examples="""\
  tnt-sim report runs/exemple-1a2b3c4d --out rapport.html
  tnt-sim report runs/exemple-1a2b3c4d --out curseur.html \\
    --slider programme --from "80 %" --to "1.5 M€" --steps 4
  tnt-sim report runs/exemple-1a2b3c4d --out note.xlsx
  tnt-sim report runs/exemple-1a2b3c4d --notebook
  tnt-sim report runs/exemple-1a2b3c4d runs/exemple-5e6f7a8b --out deux.xlsx
""",
            then=N_('The sheet "Parameters", edited, is taken up again:')
            + "\n  tnt-sim run scenario.yaml --from-xlsx parametres.xlsx",
        ),
        "export": Verb(
            PUBLISH,
            N_("Writes a decision in another tool's format: démarche, Turgot, SCDL, letters…"),
            note=N_(
                "Formats: xlsx (the workbook), csv, parquet, demarche (annotations of the démarche), turgot, "
                "scdl (publication), pabulib, publipostage (letters), arrete (annex), chorus (commitments)."
            ),
            examples="""\
  tnt-sim export runs/exemple-1a2b3c4d --format demarche
  tnt-sim export runs/exemple-1a2b3c4d --format csv --csv-style intl
  tnt-sim export runs/exemple-1a2b3c4d --by department
""",
        ),
        "sign": Verb(
            PUBLISH,
            N_("Signs a list, which changes no more; the next scenario starts from it (committed_from)."),
            note=N_(
                "The signed list is copied into registre/NAME/ with its proofs; it changes no more. The next "
                'scenario says "committed_from: registre/". A withdrawal or a reduction is signed as well, '
                "and frees the money."
            ),
            examples="""\
  tnt-sim sign runs/exemple-1a2b3c4d --as liste-1
  tnt-sim sign runs/exemple-1a2b3c4d --as liste-2 --signing-key cle
  tnt-sim sign --amend retraits.csv --as avenant-1
""",
        ),
        "transparency": Verb(
            PUBLISH,
            N_("Writes for each application how its decision came about, as a sheet for the applicant."),
            note=N_(
                "A sheet states what the computation contributed, the data, the rules and the operations, each "
                "with its cell or line. The folder holds one page that is searched, and one page per "
                "application. After an interruption the same command goes on."
            ),
            examples="""\
  tnt-sim transparency runs/exemple-1a2b3c4d --out fiches
  tnt-sim transparency runs/exemple-1a2b3c4d --out sheets --lang en --pdf E-01
""",
        ),
        "send": Verb(
            PUBLISH,
            N_("Shows what a decision changes in the online procedure, and with --send changes it there."),
            note=N_(
                "Without --send nothing changes. The token is read from --token-file or the variable "
                "TNT_SIM_TOKEN. After an interruption the same command sends what is left."
            ),
            examples="""\
  tnt-sim send runs/exemple-1a2b3c4d
""",
            then=N_("With a server, then for good:")
            + """
  tnt-sim send runs/exemple-1a2b3c4d --to https://demarche.numerique.gouv.fr/api/v2/graphql \\
    --demarche 12345 --instructor prenom.nom@example.gouv.fr --token-file jeton
  … --send""",
        ),
        **dict.fromkeys(ON_RUNS),
        "validate": Verb(
            CHECK,
            N_("Checks a scenario and its data without solving."),
            examples="""\
  tnt-sim validate scenario.yaml
""",
        ),
        "show": Verb(
            CHECK,
            N_("Shows the merged scenario, where each value comes from, and each rule as a sentence."),
            examples="""\
  tnt-sim show scenario.yaml --model
  tnt-sim show variante.yaml --resolved --set programme.amount="1.3 M€"
""",
        ),
        "verify": Verb(
            CHECK,
            N_("Verifies a run from its raw inputs: rules, optimality, rank among ties."),
            examples="""\
  tnt-sim verify runs/exemple-1a2b3c4d
  tnt-sim verify registre/liste-1 --public-key cle.pub
""",
        ),
        "runs": Verb(
            CHECK,
            N_("Lists the run folders of a project, and removes inputs kept for runs that are gone."),
            note=N_(
                "Each run keeps what it read in runs/inputs/. --prune names the files there to which no run "
                "folder and no signed list refers any more, and asks before it removes them."
            ),
            examples="""\
  tnt-sim runs
  tnt-sim runs --prune
""",
        ),
        "schema": Verb(
            CHECK,
            N_(
                "Shows the JSON Schema of the document that a verb writes with --json, or the list of "
                "schemas."
            ),
            examples="""\
  tnt-sim schema
  tnt-sim schema rule-prices > rule-prices.json
""",
        ),
        "doctor": Verb(
            CHECK,
            N_("Shows the versions, the solvers found and what works on this machine."),
            examples="""\
  tnt-sim doctor
""",
        ),
    }
)
"""By name, in the order of the help."""


def load_verb(name: str) -> Callable[..., int]:
    """Import the function of a verb, with one parameter for each option."""
    from tnt_sim.cli.answer import expand_groups

    if name in DECLARED:
        from tnt_sim.cli.commands.declared_questions import build_verb

        return expand_groups(_with_repairs(build_verb(load_study(name)), name))
    function = name.replace("-", "_")
    if iskeyword(function):
        function += "_"
    verb: Callable[..., int] = getattr(import_module(f"tnt_sim.cli.commands.{function}"), function)
    return expand_groups(_with_repairs(verb, name))


def _with_repairs(verb: Callable[..., int], name: str) -> Callable[..., int]:
    """Return a verb that answers an impossible setting with what clashes and what would be enough."""
    from tnt_sim.cli.answer import ScenarioOptions

    @wraps(verb)
    def call(**values: object) -> int:
        began = time.monotonic()
        try:
            return verb(**values)
        except (ScenarioError, NothingDecided, UsageError) as error:
            options = next((one for one in values.values() if isinstance(one, ScenarioOptions)), None)
            if options is None:
                raise
            from tnt_sim.cli.clash import show_impossible

            return show_impossible(error, options, name, time.monotonic() - began)

    return call
