"""All that verbs print and write, recorded as text: a change of structure shows that it changes no word.

    python tools/golden.py compare [CASE ...]     run everything again; exit 1 with the lines that differ
    python tools/golden.py record [CASE ...]      write tests/golden/CASE.json.xz, on purpose

A case is a project folder and a list of commands, all in one process that imports the program once: with --json,
and in both languages on the terminal. The record holds exit codes, standard output and error, and every file that
a command wrote: CSV, JSON, YAML and LP as they are, pages and pictures by their text, workbooks by their cells,
anything long or binary by its SHA-256. `MASKS` and `LEFT_OUT` name what differs from one run or machine to the
next. Programs of the system (CBC, Chromium) are out of sight, so that a machine that has them gives
the same record.
"""

from __future__ import annotations

import argparse
import difflib
import hashlib
import importlib.metadata
import io
import json
import lzma
import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
import time
import zipfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path
from types import TracebackType
from typing import Any

import highspy
import polars as pl
import xlsxwriter
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat
from python_calamine import CalamineWorkbook

from tnt_sim.cli.verbs import VERBS

HERE = Path(__file__).resolve().parents[1]
RECORDS = HERE / "tests" / "golden"
PROGRAM = Path(sys.executable).with_name("tnt-sim")
LONGEST = 400_000
"""Characters of one output or file; a longer one is recorded by its hash."""
SHOWN_LINES = 60
SLOWER = 20
"""Seconds of the machine in one second of the program's clocks."""
FORMS = ("--json", "--lang fr", "--lang en")

LEVELS = """\
extends: scenario.yaml
id: paliers
grants:
  - {id: paliers, mode: levels, levels: [100 %, 80 %, 50 %]}
"""
CLASH = """\
extends: scenario.yaml
id: impossible
rules:
  - {id: part-communes, min: 95 %}
  - {id: part-epci, kind: limit, measure: granted, where: {applicant_type: epci}, min: 200 k€}
"""
STEPS = """\
extends: scenario.yaml
id: tranches
steps:
  - id: hiver
    date: 2026-02-15
    set: {programme.amount: 600 k€, envelopes.numerique.amount: 300 k€, envelopes.mobilites.amount: 200 k€}
  - {id: printemps, date: 2026-03-31}
"""
UNCERTAIN = """\
extends: scenario.yaml
id: incertain
uncertain:
  - {id: notes, column: score, plus: {normal: {sd: 1}}}
  - {id: abandons, event: withdrawn, probability: 8 %}
"""
LATER = """\
extends: scenario.yaml
id: suite
programme: {amount: 1.4 M€}
committed_from: register-json/
"""
BROKEN = """\
extends: scenario.yaml
id: faux
programme: {amount: beaucoup}
grant: []
rules:
  - {id: part-communes, minimum: 50 %}
  - {id: plafond-departement, by: departement}
"""
BATCH = """\
base: scenario.yaml
matrix: {programme.amount: [1.2 M€, 1.3 M€], rules.part-communes.min: [40 %, 50 %]}
name: "{programme.amount}, {rules.part-communes.min}"
"""
PABULIB = """\
META
key;value
description;Quartier
budget;100
vote_type;approval
currency;EUR
PROJECTS
project_id;cost;name;votes;category
1;60;Banc;3;rue
2;50;Arbre;2;parc
3;40;Lampe;2;rue
VOTES
voter_id;vote
1;1,2
2;1,3
3;1,2,3
"""
TABLE = "dossier;Intitulé du projet;Montant demandé\n1;École;40 000,00\n2;Mairie;30 000,00\n2;Gare;x\n"
ENDED = "applicant_type;Coût total;Coût réalisé\n" + "".join(
    f"commune;{100 + k},00;{102 + k % 7},00\n" for k in range(40)
)
FORM_ANSWER = {
    "data": {
        "demarche": {
            "number": 42,
            "revision": {"id": "r1"},
            "dossiers": {
                "pageInfo": {"hasNextPage": False, "endCursor": "x"},
                "nodes": [
                    {
                        "number": 12,
                        "state": "en_instruction",
                        "dateDepot": "2026-01-05T09:30:00+01:00",
                        "champs": [
                            {
                                "id": "c1",
                                "label": "Montant de l'aide demandée (en euros)",
                                "stringValue": "1000",
                            }
                        ],
                    }
                ],
            },
        }
    }
}
LIST = [["dossier"], ["E-08"], ["E-15"]]


@dataclass(frozen=True)
class Case:
    """A project and the commands run in it.

    In a command, RUN is the folder of the first run, OTHER of the second, RUNS are both; SCENARIO is the scenario,
    FORM the form of the output (json, fr, en). `json:`, `text:` or `bare:` before it give these forms only.
    """

    scenario: str
    commands: tuple[str, ...]
    files: Mapping[str, str] = field(default_factory=dict)
    shipped: bool = False
    slower: int = 0
    """Seconds of the processor in one second of the program's clocks; 0 counts the machine's seconds alone.
    The search for a proof of the list of `tnt-2021` finds none in 43 s and ends at its limit of 5 s. Two seconds
    for one make the limit cheap, and a busy machine does not bring it nearer."""


QUESTIONS = (
    "validate SCENARIO",
    "show SCENARIO",
    "run SCENARIO --write-lp model.lp",
    "verify RUN",
    "explain RUN",
)
STUDIES = (
    "run SCENARIO --relax",
    "sweep SCENARIO --steps 3",
    "marginal-euro SCENARIO",
    "extend SCENARIO",
)
EXPORTS = (
    "export RUN --format csv --out table.csv --force",
    "json: export RUN --format csv --csv-style intl --out table-intl.csv --force",
    "export RUN --format xlsx --out table.xlsx --force",
    "json: export RUN --format parquet --out table.parquet --force",
    "export RUN --format demarche --out form.csv --force",
    "export RUN --format turgot --out turgot.xlsx --force",
    "export RUN --format scdl --out scdl.csv --force --info nomAttribuant=Test --info idAttribuant=21010053000018",
    "json: export RUN --format pabulib --out list.pb --force",
    "export RUN --format publipostage --out letters.xlsx --force",
    "export RUN --format arrete --out order.xlsx --force",
    "export RUN --format chorus --out chorus.csv --force",
    "json: transparency RUN --out sheets --force",
)
REPORTS = (
    "report RUN --out page-FORM.html",
    "report RUN --out book-FORM.xlsx",
)
DEMO = (
    *QUESTIONS,
    *STUDIES,
    "show SCENARIO --resolved",
    "json: show SCENARIO --model --set programme.amount=1.3M€",
    "json: run SCENARIO --set programme.amount=1.3M€ --cross-check never",
    "json: run SCENARIO --require-proof --cross-check pulp:SCIP_PY --out crossed",
    "json: run SCENARIO --method direct --out direct",
    "json: run SCENARIO --method core --out core",
    "json: run SCENARIO --method tree --out tree",
    "json: run SCENARIO --backend scipy --out scipy",
    "text: run SCENARIO --quiet",
    "core RUNS",
    "explain RUN E-03 E-24 E-08",
    "explain RUN --all",
    "inversions RUN",
    "json: inversions RUN --by department --penalty 1",
    "json: inversions RUN --rank applicant_type"
    " --opinions commune,epci,syndicat,mutualisation,departement,metropole",
    "json: verify RUN --require-proof --solve",
    "verify RUN --expect 0000000000000000000000000000000000000000000000000000000000000000",
    "conflict SCENARIO",
    *EXPORTS,
    "export RUN --by department --out choices-FORM",
    "import choices-json --consolidate --out choices-read-FORM",
    *REPORTS,
    "report RUN OTHER --out two-FORM.xlsx",
    "report RUN --explain --out reasons-FORM.html",
    "report RUN --notebook --out run-FORM.ipynb",
    "report RUN --out slider-FORM.html --slider programme --from '80 %' --to '1.5 M€' --steps 4",
    "json: run SCENARIO --from-xlsx book-fr.xlsx",
    "sign RUN --as liste-1 --register register-FORM --signing-key key",
    "verify register-FORM/liste-1 --public-key key.pub",
    "sign --amend withdrawn.csv --as avenant-1 --register register-FORM",
    "json: run later.yaml",
    "doctor",
)
STUDIED = (
    "json: run SCENARIO",
    "sweep SCENARIO --from '1.1 M€' --to '1.3 M€' --exact",
    "json: sweep SCENARIO --nested --at '1.2 M€' --at '1.3 M€'",
    "json: sweep SCENARIO --free --share pro_rata --steps 2 --tolerance '1 %'",
    "json: sweep SCENARIO --envelope numerique --to '700 k€' --steps 2",
    "json: sweep SCENARIO --envelope numerique --to '700 k€' --steps 2 --resume",
    "entry-thresholds SCENARIO --to '1.4 M€' --dossier E-24",
    "target SCENARIO all +20 departments",
    "rule-prices SCENARIO --out prices-FORM.html",
    "extension-shares SCENARIO '200 k€' --key numerique=3,mobilites=2 --out more-FORM.xlsx",
    "json: extend SCENARIO --to '1.3 M€,1.5 M€'",
    "audit SCENARIO --selection list.xlsx --out audit-FORM.html",
    "json: audit SCENARIO --selection RUN --out audit.xlsx",
    "alternatives SCENARIO --count 2 --out others-FORM.html",
    "json: alternatives SCENARIO --within '0,5 %' --count 2 --by money --out others.xlsx",
    "json: alternatives SCENARIO --count 1 --steer --out steered.xlsx",
    "weights SCENARIO --criteria score,population --order score,population",
    "json: weights SCENARIO --criteria score,population --range 'score=30 %:60 %'",
    "compare SCENARIO levels.yaml --out two-FORM.html",
    "json: compare RUN levels.yaml --no-causes --out two.xlsx",
    "ensemble uncertain.yaml --draws 12 --seed 1 --sensitivity 2 --workers 1 --out risks-FORM.html",
    "json: ensemble uncertain.yaml --draws 8 --seed 2 --sampling sobol --workers 1 --out risks.xlsx",
    "ensemble --fit ended.csv --by applicant_type --out laws-FORM.yaml",
    "batch batch.yaml --out batch --executor serial",
    "json: batch SCENARIO levels.yaml --out batch-two --executor processes --workers 1",
)
FILES = (
    "examples",
    "examples rural-broadband motifs --out copied-FORM",
    "new made-FORM",
    "new from-FORM --from table.csv --encoding cp1252",
    "import data/dossiers.csv --out import-FORM",
    "import table.csv --out import-table-FORM --encoding cp1252 --control-rows 3 --control-requested '70 k€'",
    "json: import table.csv --out import-strict --strict --no-likeness --parquet --constant envelope=detr",
    "import form.json --format demarche --out import-form-FORM",
    "json: import table.xlsx --format grist --sheet Dossiers --out import-book --accept",
    "import quarter.pb --out import-quarter-FORM",
    "validate quarter.pb",
    "run quarter.pb --measure votes",
    "run missing.yaml",
    "validate broken.yaml",
    "validate SCENARIO --set programme.amount=90M€",
    "run SCENARIO --set rules.part-comunes.min=50%",
    "run SCENARIO --time-limit soon",
    "run SCENARIO --backend nowhere",
    "audit SCENARIO --selection nowhere.csv",
    "explain runs/nowhere",
    "report RUN --out page.docx",
    "export RUN --format pdf",
    "text: rnu SCENARIO",
    "text: run",
    "bare: --version",
    "text: --help",
)
REFUSED = (
    "run SCENARIO --relax",
    "sweep SCENARIO --steps 2",
    "marginal-euro SCENARIO",
    "extend SCENARIO",
    "audit SCENARIO --selection RUN",
    "alternatives SCENARIO --count 1",
)
"""These verbs look at one decision and refuse a scenario with steps."""
COMPARED = (
    "core RUNS",
    "compare RUN OTHER --no-causes --out two-FORM.html",
)
SIGNED = (
    "json: sign RUN --as liste-1 --register register",
    "json: verify register/liste-1",
)
ADS = (
    *QUESTIONS,
    "json: run SCENARIO --set programme.amount=7M€ --set envelopes.demat-ads.amount=7M€ --cross-check never",
    "json: verify RUN --require-proof --solve",
    *COMPARED,
    "explain RUN ADS-001 ADS-700",
    "json: explain RUN --all",
    "text: explain RUN --all",
    "json: inversions RUN",
    "text: inversions RUN",
    "conflict SCENARIO",
    *REFUSED,
    *REPORTS,
    "json: report RUN OTHER --out two.xlsx",
    "json: report RUN --notebook --out run.ipynb",
    *EXPORTS,
    "json: export RUN --by department --out choices",
    *SIGNED,
)
"""Left out: `weights`, which refuses a scenario with steps."""
AT_ONCE = "--time-limit 0.000001"
"""A limit that is over before the first question: what is written without its answer is the same everywhere."""
FRANCECONNECT = (
    *QUESTIONS[:2],
    "run SCENARIO --write-lp model.lp",
    "json: run scenarios/franceconnect-10000.yaml --cross-check never",
    "verify RUN",
    *COMPARED,
    "explain RUN",
    "json: conflict SCENARIO",
    "json: run SCENARIO --relax",
    "json: rule-prices SCENARIO",
    "json: target SCENARIO +20",
    "sweep SCENARIO --at '20 M€'",
    "json: extend SCENARIO",
    "inversions RUN",
    "json: audit SCENARIO --selection RUN --out audit.html",
    "json: alternatives SCENARIO --count 1 --out others.html",
    "text: report RUN --out page-FORM.html",
    f"json: report RUN --out book.xlsx {AT_ONCE}",
    "json: export RUN --format csv --out table.csv",
    "json: export RUN --format arrete --out order.xlsx",
    "json: export RUN --format chorus --out chorus.csv",
    *SIGNED,
)
"""Left out, because they take longer: `explain` of named dossiers, `marginal-euro`, `weights`, other exports."""
FLAGSHIP = (
    *QUESTIONS,
    "json: run SCENARIO --set programme.amount=89M€ --cross-check never",
    *COMPARED,
    "explain RUN A1-005 FC-0001",
    "json: conflict SCENARIO",
    "run SCENARIO --relax",
    "sweep SCENARIO --at '89 M€' --free",
    "rule-prices SCENARIO",
    "json: target SCENARIO +20",
    f"text: report RUN --out page-FORM.html {AT_ONCE}",
    f"json: report RUN --out book.xlsx {AT_ONCE}",
    "json: report RUN --notebook --out run.ipynb",
    *(line if line.startswith("json: ") else f"json: {line}" for line in EXPORTS),
    "json: export RUN --by department --out choices",
    *SIGNED,
)
"""Left out, because they take longer or end at a limit: `explain --all`, `inversions`, `audit`, `extend`,
`alternatives`, `weights`, `ensemble`, `batch`, `verify --solve`, `marginal-euro`, `entry-thresholds`, and whole
reports.
"""
CASES = {
    "infeasible": Case(
        "clash.yaml",
        (
            "validate SCENARIO",
            "run SCENARIO",
            "conflict SCENARIO --out clash-FORM.html",
            "json: conflict SCENARIO --max-sets 1 --max-repairs 1 --out clash.xlsx",
            "sweep SCENARIO --steps 2",
            "target SCENARIO rules",
        ),
        {"clash.yaml": CLASH},
    ),
    "help": Case(
        "scenario.yaml", (*FILES, *(f"text: {verb} --help" for verb in VERBS)), {"broken.yaml": BROKEN}
    ),
    "levels": Case(
        "levels.yaml", (*QUESTIONS, *STUDIES, "explain RUN --all", *REPORTS), {"levels.yaml": LEVELS}
    ),
    "steps": Case(
        "steps.yaml",
        (*QUESTIONS, "sweep SCENARIO --steps 3", "explain RUN --all", *REPORTS),
        {"steps.yaml": STEPS},
    ),
    "demo": Case("scenario.yaml", DEMO, {"later.yaml": LATER}),
    "studies": Case(
        "scenario.yaml",
        STUDIED,
        {"levels.yaml": LEVELS, "batch.yaml": BATCH, "uncertain.yaml": UNCERTAIN},
    ),
    "demat-ads": Case("scenarios/demat-ads.yaml", ADS, shipped=True),
    "franceconnect": Case("scenarios/franceconnect.yaml", FRANCECONNECT, shipped=True),
    "tnt-2021": Case("scenarios/tnt-2021.yaml", FLAGSHIP, shipped=True, slower=2),
}
"""The lists of commands say what the shipped scenarios leave out. No case has `app`, whose page is a server's, or
.pdf, which wants a library of the system.
"""

LEFT_OUT = (".png", ".ed25519")
"""That it is written is recorded, its bytes are not: dots are drawn with the machine's fonts, times are signed."""
MASKED_KEYS = (
    r"seconds|[a-z_]*_seconds|code_sha256|created|started|ended|versions|version|python|platform|cpu_count"
)
MASKS: tuple[tuple[re.Pattern[str], str], ...] = (
    (
        re.compile(rf'"({MASKED_KEYS})": ?(\{{[^{{}}]*\}}|"[^"]*"|[-0-9.e]+)'),
        r'"\1": MASKED',
    ),  # clocks and versions
    (re.compile(r"\b\d+([,.]\d+)?[   ]?(s|ms|min)\b"), "TIME"),  # durations on the terminal, in pages
    (re.compile(r"\b\d+\.\d+\.\d+\b"), "VERSION"),  # of this program and of its libraries
)
CLOCK_LINES = re.compile(
    r"^.*(P-D integral|Timing  |\d \(\w*olve\)|time \[calls\]|run time|Thread count).*\n", re.MULTILINE
)
"""Lines of a solver's log that tell its seconds or the cores of the machine."""
COUNTS = re.compile(r'"(flags)": \{\n([^{}]*)\n *\}')
"""Counts whose order is no order: that of a hash table."""
HASH = re.compile(r"\b[0-9a-f]{64}\b|(?<=sweep-)[0-9a-f]{8}\b")
"""Numbered by appearance: some follow from times, versions or the code."""


class _Text(HTMLParser):
    """The text of a page or drawing, a line for each piece, with what is read aloud and data of scripts."""

    def __init__(self) -> None:
        super().__init__()
        self.lines: list[str] = []
        self._skipped = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        known = dict(attrs)
        self._skipped = tag == "style" or (tag == "script" and "json" not in (known.get("type") or ""))
        for name in ("title", "alt", "aria-label", "value"):
            if known.get(name):
                self.lines.append(f"[{name}] {known[name]}")

    def handle_endtag(self, tag: str) -> None:
        if tag in ("script", "style"):
            self._skipped = False

    def handle_data(self, data: str) -> None:
        if not self._skipped and data.strip():
            self.lines.append(" ".join(data.split()))


def page_text(page: str) -> str:
    parser = _Text()
    parser.feed(page)
    return "\n".join(parser.lines)


def text_of(path: Path, folder: Path) -> str:
    """A file as text without what differs between runs; a binary one by its hash."""
    kind = path.suffix
    if kind in LEFT_OUT:
        return "written"
    if kind == ".html":
        page = path.read_text("utf-8")
        bare = masked(re.sub(r"<svg.*?</svg>", "", page, flags=re.DOTALL), folder)  # drawings: by their text
        return f"{hashed(bare.encode())} without drawings\n{page_text(page)}"
    if kind == ".svg":
        return page_text(path.read_text("utf-8"))
    if kind == ".xlsx":
        return _cells(path, folder)
    if kind == ".parquet":
        frame = pl.read_parquet(path)
        frame = frame.drop(name for name, kind in frame.schema.items() if kind == pl.Binary)
        return f"{frame.schema}\n{frame.write_ndjson()}"
    try:
        text = path.read_text("utf-8")
        return CLOCK_LINES.sub("", text) if kind == ".log" else text
    except UnicodeDecodeError:
        return hashed(path.read_bytes())


def _cells(path: Path, folder: Path) -> str:
    """The cells of a workbook, and a hash of each of its parts but the day of its making and its pictures."""
    book, lines = CalamineWorkbook.from_path(str(path)), list[str]()
    for name in book.sheet_names:
        lines.append(f"# {name}")
        lines += ["\t".join(map(str, row)) for row in book.get_sheet_by_name(name).to_python()]
    with zipfile.ZipFile(path) as parts:
        for name in parts.namelist():
            if name != "docProps/core.xml" and not name.endswith(LEFT_OUT):
                lines.append(f"{name}: {hashed(masked(parts.read(name).decode(), folder).encode())}")
    return "\n".join(lines)


def hashed(data: bytes) -> str:
    """Half a hash, which no mask takes for one of the program's."""
    return f"sha256 {hashlib.sha256(data).hexdigest()[:32]}, {len(data)} bytes"


def masked(text: str, folder: Path) -> str:
    """The text without what differs from one run or machine to the next."""
    text = text.replace(str(folder), "PROJECT").replace(str(HERE), "HOME")
    for pattern, instead in MASKS:
        text = pattern.sub(instead, text)
    text = COUNTS.sub(lambda found: f'"{found[1]}": {sorted(re.findall(r"\S.*[^,\n]", found[2]))}', text)
    return numbered(text)


def numbered(text: str) -> str:
    """The text with its hashes numbered in the order of their appearance."""
    seen: dict[str, str] = {}
    return HASH.sub(lambda found: seen.setdefault(found[0], f"HASH-{len(seen) + 1}"), text)


def short(text: str) -> str:
    return text if len(text) <= LONGEST else hashed(text.encode())


class Program:
    """Runs the program in one other process, which imports it once: that is ten times as fast as one each."""

    def __init__(self, slower: int = 0) -> None:
        asked = [sys.executable, str(Path(__file__)), "serve", str(slower)]
        self._server = subprocess.Popen(
            asked, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment()
        )
        assert self._server.stdin
        assert self._server.stdout
        self._questions, self._answers = self._server.stdin, self._server.stdout

    def __enter__(self) -> Program:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._questions.close()
        self._server.wait()
        self._answers.close()

    def __call__(self, words: Sequence[str], folder: Path) -> tuple[int, str, str]:
        """The exit code, standard output and standard error of a command."""
        outputs = [folder.parent / name for name in ("stdout", "stderr")]
        asked = {"words": list(words), "folder": str(folder), "outputs": list(map(str, outputs))}
        self._questions.write(json.dumps(asked) + "\n")
        self._questions.flush()
        code = int(self._answers.readline())
        return code, outputs[0].read_text("utf-8"), outputs[1].read_text("utf-8")


def slowed(clock: Callable[[], float], slower: int) -> Callable[[], float]:
    """A slow clock. With `slower`, it counts the processor's seconds where they are the faster ones."""
    began, used, read_work = clock(), time.process_time(), time.process_time

    def now() -> float:
        processor = (read_work() - used) / slower if slower else 0.0
        return began + max((clock() - began) / SLOWER, processor)

    return now


def slow_highs() -> None:
    """Give HiGHS, which reads its own clock, 16 times the seconds of each limit: a factor that rounds nothing."""
    highs: Any = highspy.Highs
    set_option, get_option = highs.setOptionValue, highs.getOptionValue

    def set_slowed(solver: Any, name: str, value: Any) -> Any:
        return set_option(solver, name, value * 16 if name == "time_limit" else value)

    def get_slowed(solver: Any, name: str) -> Any:
        status, value = get_option(solver, name)
        return status, value / 16 if name == "time_limit" else value

    highs.setOptionValue, highs.getOptionValue = set_slowed, get_slowed


def serve(slower: int) -> int:
    """Run each command read from standard input as the installed program would, in this process.

    Its clocks are slow, so that no search ends at a limit because the machine had other work.
    """
    time.monotonic, time.perf_counter = slowed(time.monotonic, slower), slowed(time.perf_counter, slower)
    began, read_work = time.process_time(), time.process_time
    time.process_time = lambda: began + (read_work() - began) / (slower or SLOWER)
    slow_highs()
    (entry,) = importlib.metadata.entry_points(group="console_scripts", name=PROGRAM.name)
    main: Callable[[], int] = entry.load()
    answers = os.fdopen(os.dup(1), "w")
    for line in sys.stdin:
        asked = json.loads(line)
        os.chdir(asked["folder"])
        for number, name in enumerate(asked["outputs"], 1):
            file = os.open(name, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
            os.dup2(file, number)
            os.close(file)
        sys.argv = [str(PROGRAM), *asked["words"]]
        try:
            code = main()
        except SystemExit as ended:
            code = int(ended.code or 0)
        sys.stdout.flush()
        sys.stderr.flush()
        print(code, file=answers, flush=True)
    return 0


def record(case: Case, folder: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    """Each command of a case with what it printed and wrote."""
    prepare(case, folder)
    runs: list[str] = []
    with Program(case.slower) as program:
        for line in case.commands:
            kind, _, command = line.rpartition(": ")
            for form in {"json": FORMS[:1], "text": FORMS[1:], "bare": ("",)}.get(kind, FORMS):
                values = {"RUN": runs[:1], "RUNS": runs[:2], "OTHER": runs[1:2], "SCENARIO": [case.scenario]}
                filled = command.replace("FORM", form[2:].removeprefix("lang "))
                words = [w for word in shlex.split(filled) for w in values.get(word, [word])]
                before = state(folder)
                code, printed, reported = program([*words, *form.split()], folder)
                if words[0] == "run" and form == "--json" and code == 0:
                    place = json.loads(printed)["run_dir"]
                    runs += [place] if place and place not in runs else []
                if "--help" in words:  # no clock
                    yield f"{command} {form}", {"exit": code, "stdout": printed, "stderr": reported}
                    continue
                yield (
                    f"{command} {form}".strip(),
                    {
                        "exit": code,
                        "stdout": short(masked(printed, folder)),
                        "stderr": short(masked(reported, folder)),
                        "files": {
                            numbered(str(path.relative_to(folder))): short(
                                masked(text_of(path, folder), folder)
                            )
                            for path, mark in sorted(state(folder).items())
                            if before.get(path) != mark
                        },
                    },
                )


def environment() -> dict[str, str]:
    """The same terminal, zone and programs on each machine."""
    known = {name: value for name, value in os.environ.items() if not name.startswith(("TNT_", "UV_", "LC_"))}
    fixed = {
        "COLUMNS": "120",
        "NO_COLOR": "1",
        "TZ": "Europe/Paris",
        "PYTHONHASHSEED": "0",
        "OPENBLAS_NUM_THREADS": "1",
        "TNT_SIM_KERNELS": "numpy",  # `doctor` tells of them
    }
    return known | fixed | {"PATH": str(PROGRAM.parent), "LC_ALL": "C.UTF-8", "LANG": "C.UTF-8"}


def state(folder: Path) -> dict[Path, tuple[int, int]]:
    """Each file with its time of change and its size."""
    paths = [path for path in folder.rglob("*") if path.is_file()]
    return {path: (path.stat().st_mtime_ns, path.stat().st_size) for path in paths}


def prepare(case: Case, folder: Path) -> None:
    """The project of a case, with what its commands read."""
    if case.shipped:
        shutil.copytree(HERE / "scenarios", folder / "scenarios")
        return
    subprocess.run([str(PROGRAM), "new", str(folder)], check=True, capture_output=True)
    for name, text in {"quarter.pb": PABULIB, "ended.csv": ENDED, **case.files}.items():
        (folder / name).write_text(text, "utf-8")
    (folder / "withdrawn.csv").write_text("dossier;granted\nE-08;0\n", "utf-8")
    (folder / "table.csv").write_bytes(TABLE.encode("cp1252"))
    (folder / "form.json").write_text(json.dumps(FORM_ANSWER), "utf-8")
    _write_book(folder / "list.xlsx", LIST)
    _write_book(folder / "table.xlsx", [line.split(";") for line in TABLE.splitlines()])
    key = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
    (folder / "key").write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    (folder / "key.pub").write_bytes(key.public_key().public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH))


def _write_book(path: Path, rows: list[list[str]]) -> None:
    data = io.BytesIO()
    with xlsxwriter.Workbook(data, {"in_memory": True}) as book:
        sheet = book.add_worksheet("Dossiers")
        for k, row in enumerate(rows):
            sheet.write_row(k, 0, row)
    path.write_bytes(data.getvalue())


def recorded(name: str) -> dict[str, Any]:
    """The outcome of a case as the program is now."""
    with tempfile.TemporaryDirectory(prefix="golden-") as scratch:
        folder = Path(scratch) / "demo"
        found, began = {}, time.monotonic()
        for command, entry in record(CASES[name], folder):
            found[command] = entry
            took, began = time.monotonic() - began, time.monotonic()
            print(f"{name}: {command}: exit {entry['exit']}, {took:.0f} s", file=sys.stderr, flush=True)
        return found


def differences(before: Any, after: Any, where: str = "") -> Iterator[str]:
    """Where two records differ, by command and file, with the lines that changed."""
    if isinstance(before, dict) and isinstance(after, dict):
        for key in {**before, **after}:
            yield from differences(before.get(key), after.get(key), f"{where} › {key}" if where else key)
    elif before != after:
        lines = difflib.unified_diff(
            str(before).splitlines(), str(after).splitlines(), "recorded", "now", lineterm="", n=0
        )
        yield "\n".join([f"## {where}", *list(lines)[2 : SHOWN_LINES + 2]])


def compared(name: str) -> list[str]:
    """How a case differs from its record."""
    return list(differences(json.loads(lzma.decompress(record_path(name).read_bytes())), recorded(name)))


def record_path(name: str) -> Path:
    return RECORDS / f"{name}.json.xz"


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("action", choices=["record", "compare", "serve"])
    parser.add_argument("cases", nargs="*", default=[], metavar="CASE", help=", ".join(CASES))
    asked = parser.parse_args()
    if asked.action == "serve":
        return serve(int(asked.cases[0]))
    differ = False
    for name in asked.cases or CASES:
        if asked.action == "compare":
            for difference in compared(name):
                print(difference)
                differ = True
        else:
            RECORDS.mkdir(exist_ok=True)
            text = json.dumps(recorded(name), ensure_ascii=False, indent=1)
            record_path(name).write_bytes(lzma.compress(text.encode(), preset=9))
    return 1 if differ else 0


if __name__ == "__main__":
    sys.exit(main())
