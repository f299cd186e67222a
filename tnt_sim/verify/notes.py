"""What a run says of its own evidence among its warnings, and when it must say it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from tnt_sim.errors import Defect, Lang, Text

NOT_PROVED = Defect(
    "not-proved",
    Text(
        "le calcul s'est arrêté avant la preuve : une meilleure répartition peut exister.",
        "the run stopped before the proof: a better allocation may exist.",
    ),
    hint=Text("Augmentez `time_limit`.", "Raise `time_limit`."),
)
ONE_SOLVER = Defect(
    "one-solver",
    Text(
        "un seul solveur donne cette répartition pour la meilleure ; rien ne le démontre.",
        "one solver calls this allocation the best; nothing proves it.",
    ),
)
NOT_CANONICAL = Defect(
    "not-canonical",
    Text(
        "le départage des ex æquo n'est pas achevé : une autre liste vaut autant.",
        "ties are not broken to the end: another list is worth as much.",
    ),
    hint=Text("Augmentez `time_limit`.", "Raise `time_limit`."),
)
NO_LIST = Defect(
    "reserve-list",
    Text(
        "la liste de réserve n'est pas établie : une limite a arrêté le calcul, ou rien ne tient une fois les "
        "réserves libérées.",
        "the reserve list is not drawn up: a limit stopped the run, or nothing fits once the reserves are freed.",
    ),
    hint=Text(
        "Augmentez `time_limit`, ou relisez les règles fermes de l'étape « reserve ».",
        'Raise `time_limit`, or look at the hard rules of the step "reserve".',
    ),
)
EVIDENCE = (NOT_PROVED, ONE_SOLVER, NOT_CANONICAL, NO_LIST)


_MORE_TIME = Text(
    "Augmentez `time_limit` : le second solveur dispose de la moitié de ce qui reste après le premier.",
    "Raise `time_limit`: the second solver has half of what the first one leaves.",
)
_ADVICE = {
    "no_solver": Text(
        "Installez un second solveur (`pip install tnt-sim[crosscheck]`, ou CBC ou GLPK).",
        "Install a second solver (`pip install tnt-sim[crosscheck]`, or CBC or GLPK).",
    ),
    "limit": _MORE_TIME,
    "not_proved": _MORE_TIME,
    "not_asked": Text("Retirez `cross_check: never`.", "Take `cross_check: never` out."),
}
_ANOTHER = Text(
    "Demandez un autre second solveur (`cross_check`) ; `tnt-sim doctor` les liste.",
    "Ask another second solver (`cross_check`); `tnt-sim doctor` lists them.",
)


def not_confirmed(reason: Text, verdict: str) -> Defect:
    """No second solver confirms the result: why, and what helps for this `Verdict` of the cross-check."""
    return Defect(
        "not-cross-checked",
        Text(
            f"résultat non publiable : {reason.fr}.",
            f"the result is not publishable: {reason.en}.",
        ),
        hint=_ADVICE.get(verdict, _ANOTHER),
    )


def codes_among(lines: Sequence[str], lang: Lang) -> tuple[set[str], list[str]]:
    """The codes of the notes on evidence among warning lines, and the other lines in their order."""
    codes: set[str] = set()
    others: list[str] = []
    seen: set[str] = set()
    for line in lines:
        code = next((code for code, pattern in _patterns(lang) if pattern.fullmatch(line)), None)
        if code is None or line in seen:
            others.append(line)
        else:
            codes.add(code)
            seen.add(line)
    return codes, others


def in_language(lines: Sequence[str], lang: Lang, other: Lang) -> list[str]:
    """The notes on evidence among warning lines in another language; what a second solver says stays as it is."""
    told = {note.line(lang): note.line(other) for note in EVIDENCE}
    others = codes_among(lines, lang)[1]
    return [told.get(line, line) for line in lines if line not in others]


def _patterns(lang: Lang) -> Iterable[tuple[str, re.Pattern[str]]]:
    for note in EVIDENCE:
        yield note.code, re.compile(re.escape(note.line(lang)))
    for verdict in (*_ADVICE, ""):
        free = not_confirmed(Text("@@", "@@"), verdict)
        yield free.code, re.compile(re.escape(free.line(lang)).replace("@@", "[^.:\n]+(: [^.:\n]+)?"))
