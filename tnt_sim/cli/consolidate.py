"""`tnt-sim import FOLDER --consolidate`: the departments' workbooks come back as one set of choices."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from tnt_sim.cli.run import shown_path
from tnt_sim.cli.speak import emit, page
from tnt_sim.errors import DataError, Defect, Lang, Text, UsageError

if TYPE_CHECKING:
    from tnt_sim.view.choices_read import Choices
    from tnt_sim.view.consolidate import Consolidated

_BLOCKED = 3


def consolidated(
    folder: Path, out: Path | None, lang: Lang, *, strict: bool, as_json: bool, quiet: bool
) -> int:
    """Read every workbook of a folder, write the choices, the conflicts and the layer for `overrides`."""
    from tnt_sim.view.consolidate import LAYER, consolidate, layer_yaml, tables
    from tnt_sim.view.put_file import put_files

    found = consolidate(_books(folder))
    target = out if out is not None else Path(f"{folder.resolve().name}-choix")
    data = {name: table.write_csv().encode() for name, table in tables(found, lang).items()}
    files = put_files(target, {**data, LAYER: layer_yaml(found).encode()}, replace=True)
    if as_json:
        emit(_document(found, files, lang))
    elif not quiet:
        _tell(found, files, lang)
    return _BLOCKED if strict and found.conflicts else 0


def _books(folder: Path) -> list[Choices]:
    """The workbooks of a folder, every defect of every one told in one pass."""
    from tnt_sim.view.choices_read import read_choices

    paths = sorted(path for path in folder.glob("*.xlsx") if not path.name.startswith(("~$", ".")))
    if not paths:
        raise UsageError(
            Text(
                f"« {folder} » ne contient pas de classeur .xlsx : donnez le dossier des classeurs rendus.",
                f'"{folder}" holds no .xlsx workbook: give the folder of the returned workbooks.',
            ),
            code="usage.consolidate",
        )
    books: list[Choices] = []
    defects: list[Defect] = []
    for path in paths:
        try:
            books.append(read_choices(path))
        except DataError as error:
            defects += error.defects
    if defects:
        raise DataError(defects)
    return books


def _document(found: Consolidated, files: list[Path], lang: Lang) -> dict[str, Any]:
    kinds = ("fund", "refuse", "wait", "follow")
    return {
        "schema_version": 1,
        "command": "import",
        "status": "conflicts" if found.conflicts else "clean",
        "run": found.run,
        "by": found.by,
        "groups": list(found.groups),
        "n_dossiers": len(found.choices),
        "choices": {kind: len(found.settled(kind)) for kind in kinds},
        "conflicts": [
            {"code": one.code, "message": one.text.in_(lang), "places": [str(place) for place in one.places]}
            for one in found.conflicts
        ],
        "files": [shown_path(file) for file in files],
    }


def _tell(found: Consolidated, files: list[Path], lang: Lang) -> None:
    from rich.text import Text as Line

    from tnt_sim.view.figures import plural

    words = {
        "fund": (("retenu", "retenus"), ("funded", "funded")),
        "refuse": (("refusé", "refusés"), ("refused", "refused")),
        "wait": (("en attente", "en attente"), ("waiting", "waiting")),
        "follow": (("comme proposé", "comme proposé"), ("as proposed", "as proposed")),
    }
    n = plural(len(found.groups), ("classeur", "classeurs"), ("workbook", "workbooks"), lang)
    sums = ", ".join(plural(len(found.settled(kind)), fr, en, lang) for kind, (fr, en) in words.items())
    colon = Text(" : ", ": ").in_(lang)
    lines = [Line(f"{found.run} · {n}{colon}{sums}", style="bold")]
    lines += [Line(f"! {_line(one, lang)}", style="yellow") for one in found.conflicts[:20]]
    if len(found.conflicts) > 20:
        lines.append(Line(f"… (+{len(found.conflicts) - 20})"))
    lines += [Line(Text("Écrit : ", "Written: ").in_(lang) + shown_path(file)) for file in files]
    page(lines)


def _line(conflict: Defect, lang: Lang) -> str:
    return conflict.line(lang)
