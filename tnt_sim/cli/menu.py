"""What `tnt-sim` alone shows: the usual commands, by question."""

from __future__ import annotations

import shutil

from tnt_sim.i18n.message import Lang, Text

_NARROW = 76
_MENU: tuple[tuple[Text, tuple[tuple[str | Text, Text], ...]], ...] = (
    (
        Text("Commencer", "Start"),
        (
            ("new demo", Text("essayer sur un exemple", "try an example")),
            (
                Text("new PROJET --from TABLE", "new PROJECT --from TABLE"),
                Text("partir de votre tableur", "begin with your spreadsheet"),
            ),
        ),
    ),
    (
        Text("Décider", "Decide"),
        (
            ("run SCENARIO", Text("qui est financé, pour combien", "who is funded, for how much")),
            ("app SCENARIO", Text("régler et voir aussitôt", "adjust and see at once")),
        ),
    ),
    (
        Text("Demander", "Ask"),
        (
            ("explain RUN DOSSIER", Text("pourquoi retenu, ou non", "why funded, or why not")),
            ("sweep SCENARIO", Text("ce qu’apporte une autre enveloppe", "what another envelope brings")),
            ("marginal-euro SCENARIO", Text("ce que vaut l’euro suivant", "what the next euro is worth")),
            ("rule-prices SCENARIO", Text("ce que coûte chaque règle", "what each rule costs")),
            ("conflict SCENARIO", Text("pourquoi rien n’est possible", "why nothing is feasible")),
        ),
    ),
    (
        Text("Comparer", "Compare"),
        (
            ("compare A B", Text("qui entre, qui sort, pourquoi", "who enters, who leaves, why")),
            (
                Text("audit SCENARIO --selection LISTE", "audit SCENARIO --selection LIST"),
                Text("une liste faite à la main", "a list made by hand"),
            ),
        ),
    ),
    (
        Text("Publier", "Publish"),
        (
            ("report RUN --out note.html", Text("le rapport", "the report")),
            ("sign RUN --as liste-1", Text("la liste arrêtée", "the final list")),
        ),
    ),
    (
        Text("Vérifier", "Check"),
        (
            ("validate SCENARIO", Text("avant de calculer", "before solving")),
            ("verify RUN", Text("sans croire le calcul", "without trusting the run")),
        ),
    ),
)


def render_menu(lang: Lang, program: str) -> str:
    """Render the menu in at most 22 lines of 80 columns; on a narrow screen each command has two lines."""
    narrow = shutil.get_terminal_size((80, 24)).columns < _NARROW
    lines = [
        Text(
            "tnt-sim répartit une enveloppe de subventions entre des dossiers.",
            "tnt-sim allocates a grant envelope among applications.",
        ).in_(lang),
        Text(f"Usage\u00a0: {program} VERBE …", f"Usage: {program} VERB …").in_(lang),
        "",
    ]
    for title, entries in _MENU:
        for k, (command, text) in enumerate(entries):
            head = title.in_(lang) if k == 0 else ""
            words = command if isinstance(command, str) else command.in_(lang)
            if narrow:
                lines += [f"{head:<11}{words}", f"{'':<13}{text.in_(lang)}"]
            else:
                lines.append(f"{head:<11}{words:<34}{text.in_(lang)}")
    more = Text(f"Tous les verbes\u00a0: {program} --help", f"All verbs: {program} --help")
    return "\n".join([*lines, "", more.in_(lang)])
