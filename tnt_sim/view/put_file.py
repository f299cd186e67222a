"""A file put in place whole, in one step, and never in the place of another unasked."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from tnt_sim.disk import named, put_all, refusal
from tnt_sim.errors import Text, UsageError


def check_target(target: Path, *, replace: bool) -> None:
    """Whether a file may be written there: its folder is there, and nothing stands there unless it may go.

    Raises
    ------
    UsageError
        With what to do.
    """
    folder = target.parent
    if not folder.is_dir():
        raise UsageError(
            Text(
                f"le dossier « {folder} » n'existe pas. Créez-le, ou corrigez --out.",
                f'there is no folder "{folder}". Create it, or correct --out.',
            ),
            code="usage.out",
        )
    if target.is_dir():
        raise UsageError(
            Text(
                f"« {target} » est un dossier. Donnez le nom d'un fichier à --out.",
                f'"{target}" is a folder. Give --out the name of a file.',
            ),
            code="usage.out",
        )
    if target.exists() and not replace:
        raise UsageError(
            Text(
                f"« {target} » existe déjà : rien n'y est touché. Ajoutez --force pour le remplacer.",
                f'"{target}" exists already: it is left as it is. Add --force to replace it.',
            ),
            code="usage.exists",
        )


def put_file(target: Path, data: bytes) -> None:
    """Write a file whole, or not at all.

    Raises
    ------
    UsageError
        The place cannot be written to.
    TntError
        The disk is full, or fails.
    """
    _put({target: data}, target)


def put_files(folder: Path, data: Mapping[str, bytes], *, replace: bool) -> list[Path]:
    """Write several files into a folder, made when it is missing: all of them, or none."""
    if not folder.exists():
        check_target(folder, replace=replace)
    elif not folder.is_dir():
        raise UsageError(
            Text(
                f"« {folder} » est un fichier. Donnez à --out le nom d'un dossier.",
                f'"{folder}" is a file. Give --out the name of a folder.',
            ),
            code="usage.out",
        )
    else:
        for name in data:
            check_target(folder / name, replace=replace)
    files = {folder / name: content for name, content in data.items()}
    _put(files, folder)
    return list(files)


def _put(files: Mapping[Path, bytes], shown: Path) -> None:
    try:
        put_all(files)
    except OSError as error:
        raise refusal(named(shown), error, _ELSEWHERE) from error


_ELSEWHERE = Text("Choisissez une autre place avec --out.", "Choose another place with --out.")
