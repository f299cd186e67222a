"""What a CSV file may hold at most, checked on its shape before any cell is built."""

from __future__ import annotations

from collections.abc import Callable

from tnt_sim.errors import DataError, Defect, Place, Text
from tnt_sim.formats.csv_shape import Shape

MAX_BYTES = 1 << 30
MAX_CELLS = 500_000_000
MAX_COLUMNS = 16_384
MAX_ROW_BYTES = 1 << 20


def check_bytes(data: bytes, shown_as: str) -> None:
    """Refuse a file that is too long to be read whole."""
    if len(data) > MAX_BYTES:
        size = MAX_BYTES >> 20
        text = Text(f"le fichier dépasse {size} Mio.", f"the file is larger than {size} MiB.")
        hint = Text("Enregistrez-le au format .parquet, ou coupez-le.", "Save it as .parquet, or split it.")
        raise DataError([Defect("too_large", text, (Place(file=shown_as),), hint)])


def check_limits(shape: Shape, shown_as: str, place: Callable[[int], Place]) -> None:
    """Refuse rows of too many cells or bytes, and too many cells in all; `place` gives that of a byte."""
    widest = int(shape.n_cells.argmax())
    n_cells = int(shape.n_cells[widest])
    if n_cells > MAX_COLUMNS:
        text = Text(
            f"une ligne de {n_cells} cellules : plus de {MAX_COLUMNS} ne sont pas lues.",
            f"a row of {n_cells} cells: more than {MAX_COLUMNS} are not read.",
        )
        hint = Text("Vérifiez le séparateur.", "Check the delimiter.")
        raise DataError([Defect("too_many_cells", text, (place(int(shape.starts[widest])),), hint)])
    longest = int((shape.ends - shape.starts).argmax())
    length = int(shape.ends[longest] - shape.starts[longest])
    if length > MAX_ROW_BYTES:
        text = Text(
            f"une ligne de {length} octets : plus de {MAX_ROW_BYTES} ne sont pas lus.",
            f"a row of {length} bytes: more than {MAX_ROW_BYTES} are not read.",
        )
        hint = Text("Un guillemet manque-t-il ?", "Is a quote missing?")
        raise DataError([Defect("too_long_row", text, (place(int(shape.starts[longest])),), hint)])
    total = int(shape.n_cells.sum())
    if total > MAX_CELLS:
        text = Text(
            f"{total} cellules : plus de {MAX_CELLS} ne sont pas lues.",
            f"{total} cells: more than {MAX_CELLS} are not read.",
        )
        hint = Text("Coupez le fichier.", "Split the file.")
        raise DataError([Defect("too_many_cells", text, (Place(file=shown_as),), hint)])
