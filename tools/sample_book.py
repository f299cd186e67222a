"""The sample book: every sentence of the product in both languages, with sample values, as one page to read.

    python tools/sample_book.py FILE.html

Amounts, counts, rates and days are samples as each language writes them. Any other parameter shows its name.
"""

from __future__ import annotations

import ast
import string
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from html import escape
from pathlib import Path

from tnt_sim.i18n.message import Bilingual, Lang, Message, MessageParameter, Text, translate
from tnt_sim.i18n.parameters import Count, Day, Money, Names, Number, Rate

PACKAGE = Path(__file__).resolve().parents[1] / "tnt_sim"
SAMPLES: dict[str, MessageParameter] = {
    "Count": Count(12_345),
    "Day": Day("2026-03-01"),
    "Money": Money(123_456_789),
    "Names": Names(("A-12", "B-07", "C-03"), most=2),
    "Number": Number(Fraction(25, 2)),
    "Rate": Rate(Fraction(253, 1000)),
}
NUMBERS = (1, 12_345)
"""Numbers with which a sentence that counts is shown."""
_HEAD = """<!doctype html>
<html lang="fr"><meta charset="utf-8"><title>tnt_sim: sample book</title>
<style>
body { font: 15px/1.4 system-ui, sans-serif; margin: 2rem auto; max-width: 75rem; }
table { border-collapse: collapse; table-layout: fixed; width: 100%; }
td { border-top: 1px solid #ccc; padding: .3rem .6rem; vertical-align: top; overflow-wrap: anywhere; }
</style>
"""


@dataclass(frozen=True, slots=True)
class Sample:
    """A sentence with sample values, and where it stands."""

    file: str
    line: int
    text: Text


def list_samples(package: Path = PACKAGE) -> Iterator[Sample]:
    """List the messages of the code by file and line; a sentence that counts comes once for each of `NUMBERS`."""
    for path in sorted(package.rglob("*.py")):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call)]
        for call in sorted(calls, key=lambda node: node.lineno):
            for text in build_texts(call):
                yield Sample(path.relative_to(package).as_posix(), call.lineno, text)


def build_texts(call: ast.Call) -> list[Text]:
    """Return the sentences of a call of `_`, `_n`, `_p` or `N_`; none for any other call."""
    name = call.func.id if isinstance(call.func, ast.Name) else ""
    texts = [
        node.value for node in call.args if isinstance(node, ast.Constant) and isinstance(node.value, str)
    ]
    if name == "N_":
        return [Bilingual(translate(text, Lang.FR), text) for text in texts]
    if name not in ("_", "_n", "_p"):
        return []
    fields = {field for text in texts for _text, field, *_rest in string.Formatter().parse(text) if field}
    parameters: dict[str, MessageParameter] = {field: f"‹{field}›" for field in fields}
    parameters |= {word.arg: build_value(word.arg, word.value) for word in call.keywords if word.arg}
    match name, texts:
        case "_", [text]:
            return [Message(text, parameters)]
        case "_p", [context, text]:
            return [Message(text, parameters, context=context)]
        case "_n", [one, many]:
            return [Message(one, parameters, plural=many, n=number) for number in NUMBERS]
    return []


def build_value(name: str, node: ast.expr) -> MessageParameter:
    """Return a sample of the type that the code gives a parameter."""
    kind = node.func.id if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) else ""
    return SAMPLES.get(kind, f"‹{name}›")


def render_book(samples: Sequence[Sample]) -> str:
    """Write the page: the sentences of each file, French beside English."""
    lines, file = [_HEAD, f"<h1>{len(samples)} sentences</h1>"], ""
    for sample in samples:
        if sample.file != file:
            lines.append(f"{'</table>' if file else ''}<h2>{escape(sample.file)}</h2><table>")
            file = sample.file
        texts = (sample.text.in_(Lang.FR), sample.text.in_(Lang.EN))
        lines.append("<tr>" + "".join(f"<td>{escape(text)}</td>" for text in texts))
    return "\n".join([*lines, "</table></html>"]) + "\n"


def main(words: Sequence[str]) -> int:
    match words:
        case [target] if target.endswith(".html"):
            samples = list(list_samples())
            Path(target).write_text(render_book(samples), encoding="utf-8")
            print(f"{len(samples)} sentences: {target}")
            return 0
    print(__doc__)
    return 2


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
