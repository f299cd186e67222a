"""What `tnt-sim` alone shows: the usual commands, by question."""

from __future__ import annotations

import shutil

from tnt_sim.i18n.message import Lang, Text, _

_NARROW = 76
_MENU: tuple[tuple[Text, tuple[tuple[str | Text, Text], ...]], ...] = (
    (
        _("Start"),
        (
            ("new demo", _("try an example")),
            ("examples", _("the programmes that are shipped")),
            (
                _("new PROJECT --from TABLE"),
                _("begin with your spreadsheet"),
            ),
        ),
    ),
    (
        _("Decide"),
        (
            ("run SCENARIO", _("who is funded, for how much")),
            ("app SCENARIO", _("adjust and see at once")),
        ),
    ),
    (
        _("Ask"),
        (
            ("explain RUN DOSSIER", _("why funded, or why not")),
            ("sweep SCENARIO", _("what another envelope brings")),
            ("marginal-euro SCENARIO", _("what the next euro is worth")),
            ("rule-prices SCENARIO", _("what each rule costs")),
            ("conflict SCENARIO", _("why no allocation is possible")),
        ),
    ),
    (
        _("Compare"),
        (
            ("compare A B", _("who enters, who leaves, why")),
            (
                _("audit SCENARIO --selection LIST"),
                _("a list made by hand"),
            ),
        ),
    ),
    (
        _("Publish"),
        (
            ("report RUN --out note.html", _("the report")),
            (_("sign RUN --as list-1"), _("the final list")),
        ),
    ),
    (
        _("Check"),
        (
            ("validate SCENARIO", _("before solving")),
            ("verify RUN", _("without trusting the run")),
        ),
    ),
)


def render_menu(lang: Lang, program: str) -> str:
    """Render the menu in at most 22 lines of 80 columns; on a narrow screen each command has two lines."""
    narrow = shutil.get_terminal_size((80, 24)).columns < _NARROW
    lines = [
        _("Allocates a grant envelope among applications.").in_(lang),
        _("Usage: {program} VERB …", program=program).in_(lang),
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
    more = _("All verbs: {program} --help", program=program)
    return "\n".join([*lines, "", more.in_(lang)])
