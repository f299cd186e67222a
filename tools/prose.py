"""The forbidden patterns of style, counted over all that people read; a count may only fall.

python tools/prose.py            prints each place, by kind, and the counts
python tools/prose.py KIND       prints the places of one kind
python tools/prose.py check      names each kind above its count in `tools/prose_counts.json`, and its places on
                                 lines changed since that file was; exit code 1 if any
python tools/prose.py write      writes the counts of the kinds that have fallen, and of new kinds

It reads README, CONTRIBUTING and `docs/`, the help of the commands, docstrings of the package and the tools, every
sentence of the catalogue in both languages, the text of notebooks, what CHANGELOG says under « Unreleased », and
where git is there the subjects of the commits since `SINCE`. It leaves out code, quoted names and formulas.
"""

from __future__ import annotations

import ast
import json
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

import messages

ROOT = Path(__file__).resolve().parents[1]
COUNTS = Path("tools/prose_counts.json")
SINCE = "ec47add8f3d0"
"""The commit from which on subjects are counted."""
MADE = (
    *(
        f"docs/{lang}/reference/{name}.md"
        for lang in ("fr", "en")
        for name in ("commands", "letters", "messages", "rules", "scenario")
    ),
    "docs/schemas.md",
)
"""Pages made from sentences of the catalogue and from docstrings."""

_PASSIVE = "told|asked|read again|walked|sought|said|kept|held|settled|met"
_VERB = "is|are|was|were|be|been|being"
_UNIT = (
    "seconds?|euros?|rows?|files?|lines?|dossiers?|cents?|units?|columns?|entry|sheets?|ms|s|€|one|workbooks?|points?|amounts?|"
    "sentences?|groups?|ids?|hours?|minutes?"
)
_PER = (
    "dossier|case|row|line|file|group|stage|year|verb|point|project|inhabitant|head|department|envelope|rule|kind|question|"
    "step|draw|run|day|second|minute|month|applicant|commune|column|sheet|page|answer|table|term|item|user|scenario"
)
_ENGLISH_MONTHS = "January|February|March|April|May|June|July|August|September|October|November|December"
_MONTHS = "janvier|février|mars|avril|mai|juin|juillet|août|septembre|octobre|novembre|décembre"


@dataclass(frozen=True, slots=True)
class Pattern:
    """A forbidden pattern: its number in the rules of style, what it forbids, one expression per language.

    A space stands for any run of spaces and line ends, unless `exact`. With `by_sentence` it is looked for once in
    each sentence, from its beginning. Pages and docstrings for developers skip a pattern that is `for_readers`.
    """

    about: str
    en: str = ""
    fr: str = ""
    exact: bool = False
    by_sentence: bool = False
    for_readers: bool = False
    ignores_case: bool = True


@cache
def expression_of(kind: str, language: str) -> re.Pattern[str] | None:
    """The expression of a pattern in a language, None without one."""
    pattern = PATTERNS[kind]
    source = pattern.en if language == "en" else pattern.fr
    if not source:
        return None
    return re.compile(
        source if pattern.exact else source.replace(" ", r"\s+"), re.I if pattern.ignores_case else 0
    )


PATTERNS: Mapping[str, Pattern] = {
    "passive": Pattern(
        "a passive without actor",
        rf"\b(?:{_VERB}) (?:{_PASSIVE})\b(?! by\b)",
        r"\b(?:est|sont|soit|soient|été) (?:dite?s?|relue?s?|tenue?s?|demandée?s?)\b(?! par\b)",
    ),
    "hold": Pattern(
        "hold, fit or tenir for: satisfies, is feasible, stays within",
        r"\b(?:nothing|everything|rules?|none|nobody) (?:(?:does|do) not )?holds?\b|"
        r"\bheld\b(?! back\b| in reserve\b)|\bfits?\b|"
        r"\bholds? (?:all|every|each|its|both|the) (?:rules?|bounds?|caps?)\b|\bdo(?:es)? not hold\b",
        r"\b(?:tient|tiennent|tenir|tenait)\b(?! compte\b)",
    ),
    "noun-phrase": Pattern(
        "a noun phrase as a sentence",
        r"\A(?:One|No|Nothing|None|Few) (?:(?!\b(?:are|were|have|had|can|may|must|will|do|did|\w+s|\w+ed)\b)"
        r"[^.;:!?]){1,40}\.\Z",
        r"\A(?:Rien|Aucune?|Une? seule?) (?:(?!\b(?:est|sont|a|ont|peut|doit|ne)\b)[^.;:!?]){1,40}\.\Z",
        by_sentence=True,
        ignores_case=False,
    ),
    "archaic": Pattern(
        "an archaic turn",
        r"\bof itself\b|\bas ever\b|\bwhatever (?:its|the|their)\b|\bfit for\b|"
        r"\b(?:thus|hence|whence|lest|therein|thereof)\b",
        r"\bcéans\b|\bnonobstant\b|\bidoines?\b",
    ),
    "clauses": Pattern(
        "three or more clauses joined by semicolons",
        r"[^;]*;[^;]*;",
        r"[^;]*;[^;]*;",
        by_sentence=True,
    ),
    "parentheses": Pattern(
        "parentheses in parentheses", r"(?<![\w_])\([^()]*(?<![\w_])\(", r"(?<![\w_])\([^()]*(?<![\w_])\("
    ),
    "private": Pattern(
        "a private word; the glossary has the term",
        r"\b(?:frontiers?|grains?|doors?|oracles?)\b|(?<!common\s)(?<!-)\bcore\b(?! problem\b)",
        r"\b(?:magasins?|récits?|noyaux?|dehors)\b|\bd['’]office\b|\ben balance\b|\blots?\b",
    ),
    "leaf": Pattern("a private word; of a tree of caps it is the textbook's", r"\bleaf\b", for_readers=True),
    "room": Pattern("a private word, for money that is left", r"\brooms?\b", for_readers=True),
    "a-for-per": Pattern("a for per", rf"\b(?:{_UNIT}) an? (?:{_PER})\b"),
    "inverted": Pattern(
        "a sentence that begins with its object",
        r"\A(?:What|Whoever|Whatever)\b[^?]*\Z",
        r"\A(?:Ce qui|Ce que|Ce qu['’]|Quiconque)\b[^?]*\Z",
        by_sentence=True,
        ignores_case=False,
    ),
    "slogan": Pattern(
        "a slogan in a reference",
        r"\bin silence\b|\band nothing (?:else|more)\b|\bno more, no less\b",
        r"\ben silence\b|\bet rien d['’]autre\b|\bni plus ni moins\b",
    ),
    "apostrophe": Pattern("a straight apostrophe in French", fr=r"(?<=[^\W\d])'(?=[^\W\d])", exact=True),
    "number-space": Pattern("a plain space in a number", fr=r"(?<!\d)\d{1,3} (?=\d{3}(?:\D|$))", exact=True),
    "punctuation-space": Pattern("a plain space before ; ! ? % : or »", fr=r"(?<=\S) (?=[;!?%:»])", exact=True),
    "guillemet-space": Pattern("a plain space after «", fr=r"« ", exact=True),
    "unit-space": Pattern("a plain space before €, k€ or M€", fr=r"(?<=\d) (?=[kM]?€)", exact=True),
    "zero-decimal": Pattern("a decimal that says nothing", r"\d\.0 ?[kM]?€|€\d+\.0\b", r"\d,0 ?[kM]?€"),
    "date": Pattern(
        "a date or an ordinal",
        rf"\b\d+(?:st|nd|rd|th) (?:of )?(?:{_ENGLISH_MONTHS})\b",
        rf"\b1 (?:{_MONTHS})\b|\b\d+(?:ème|ième|nde?)\b",
    ),
    "plural": Pattern("a plural in parentheses", r"\w\((?:s|es)\)", r"\w\((?:s|es|e|x)\)"),
}  # fmt: skip
SUBJECT = "commit-subject"
"""More than 72 characters, or no imperative at the beginning."""
_NO_IMPERATIVE = re.compile(
    r"(?:A|An|The|What|Where|Which|It|No|One|Each|Every|All|This|That|These|When|If)\b|\w+(?:ed|ing)\b|"
    r"(?!(?:Address|Discuss|Express|Focus|Guess|Miss|Pass|Press|Process|Access|Compress|Bless|Cross|Dismiss|Assess)\b)\w+s\b"
)


@dataclass(frozen=True, slots=True)
class Piece:
    """A text that people read: where it begins, and its language."""

    file: str
    line: int
    text: str
    language: str
    for_developers: bool = False


@dataclass(frozen=True, slots=True)
class Match:
    """A forbidden pattern in a place."""

    kind: str
    place: str
    words: str


# languages and pieces

_FRENCH = re.compile(
    r"\b(?:le|la|les|des|du|un|une|est|sont|dans|pour|que|qui|ne|pas|sur|par|au|aux|et|se|ce|il|elle|vous|d|l|qu)\b",
    re.I,
)
_ENGLISH = re.compile(
    r"\b(?:the|of|is|are|in|for|that|which|not|on|by|at|to|and|it|its|this|an|with|from|as|be|or|has)\b", re.I
)


def language_of(text: str) -> str:
    """`fr` or `en`, by the small words of a text."""
    return "fr" if len(_FRENCH.findall(text)) > len(_ENGLISH.findall(text)) else "en"


def without_code(text: str) -> str:
    """The text with code, formulas, fields, links' targets and doctests blanked; length and lines stay."""

    def blank(match: re.Match[str]) -> str:
        return re.sub(r"[^\n]", "_", match[0])

    text = re.sub(
        r"``.+?``|`[^`]*`|\$\$.+?\$\$|\$[^$\n]+\$|\{[^{}]*\}|\]\([^)]*\)|https?://\S+|<[^<>\n]*>",
        blank,
        text,
        flags=re.S,
    )
    return re.sub(r"^\s*(?:>>>|\.\.\.).*$", blank, text, flags=re.M)


def _blocks(file: str, text: str, first: int = 1, *, for_developers: bool = False) -> Iterator[Piece]:
    """The paragraphs, bullets and cells of tables of a text."""
    lines: list[str] = []
    begin, fenced = first, False
    for number, line in enumerate([*text.split("\n"), ""], first):
        fence = line.lstrip().startswith(("```", "~~~"))
        starts = re.match(r"\s*(?:[-*] |\d+\. |\||#)", line)
        if fence or fenced or not line.strip() or starts:
            if lines:
                yield _piece(file, begin, lines, for_developers)
            lines = []
        if fence:
            fenced = not fenced
        elif not fenced and line.strip():
            if line.startswith("|"):
                for cell in re.split(r"\||<br>", line.strip().strip("|")):
                    yield _piece(file, number, [cell.strip()], for_developers)
            else:
                begin = begin if lines else number
                lines.append(line)
    if lines:
        yield _piece(file, begin, lines, for_developers)


def _piece(file: str, line: int, lines: Sequence[str], for_developers: bool) -> Piece:
    text = without_code("\n".join(lines))
    text = re.sub(r"\A\s*(?:[-*] (?:\[.\] )?|\d+\. |#+ )", "", text)
    return Piece(file, line, text, language_of(text), for_developers)


def _pages(root: Path) -> Iterator[Piece]:
    names = [*root.glob("README*.md"), root / "CONTRIBUTING.md", *sorted((root / "docs").rglob("*.md"))]
    for path in names:
        name = path.relative_to(root).as_posix()
        if path.is_file() and name not in MADE:
            developers = name.startswith(
                ("docs/architecture", "docs/decisions/", "docs/glossary", "CONTRIBUTING")
            )
            yield from _blocks(name, path.read_text(encoding="utf-8"), for_developers=developers)


def _docstrings(root: Path) -> Iterator[Piece]:
    """Docstrings of modules, classes and functions, and the texts below names."""
    for folder in ("tnt_sim", "tools"):
        for path in sorted((root / folder).rglob("*.py")):
            name = path.relative_to(root).as_posix()
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                value = node.value if isinstance(node, ast.Expr) else None
                if isinstance(value, ast.Constant) and isinstance(value.value, str):
                    yield from _blocks(name, value.value, value.lineno, for_developers=True)


def _sentences(root: Path) -> Iterator[Piece]:
    path = root / messages.PO.relative_to(messages.ROOT)
    for entry in messages.read(path) if path.is_file() else ():
        if not entry.id:
            continue
        file = f"tnt_sim/{entry.locations[0][0]}"
        for language, texts in (("fr", entry.string), ("en", entry.id)):
            for text in (texts,) if isinstance(texts, str) else texts:
                yield Piece(file, entry.lineno or 0, without_code(text), language)


def _notebooks(root: Path) -> Iterator[Piece]:
    for path in sorted((root / "notebooks").glob("*.py")):
        kept = [
            re.sub(r"^# ?", "", line) if re.match(r"#(?! ?%%| ?---| {3,}| [\w-]+:)", line) else ""
            for line in path.read_text(encoding="utf-8").split("\n")
        ]
        yield from _blocks(path.relative_to(root).as_posix(), "\n".join(kept))


def _changes(root: Path) -> Iterator[Piece]:
    path = root / "CHANGELOG.md"
    if path.is_file():
        head, _, rest = path.read_text(encoding="utf-8").partition("## Unreleased\n")
        yield from _blocks("CHANGELOG.md", rest.split("\n## ")[0], head.count("\n") + 2)


def pieces(root: Path = ROOT) -> Iterator[Piece]:
    """All that people read, except the subjects of commits."""
    yield from _pages(root)
    yield from _docstrings(root)
    yield from _sentences(root)
    yield from _notebooks(root)
    yield from _changes(root)


# matches


def sentences_of(text: str) -> Iterator[tuple[int, str]]:
    """The sentences of a text with where each begins."""
    begin = 0
    for end in [*(m.end() for m in re.finditer(r"[.!?…]\s+(?=[A-ZÀ-Ý«(_])", text)), len(text)]:
        yield begin, text[begin:end].rstrip()
        begin = end


def matches_of(piece: Piece) -> Iterator[Match]:
    """The forbidden patterns in a piece."""
    for kind, pattern in PATTERNS.items():
        expression = expression_of(kind, piece.language)
        if expression is None or (pattern.for_readers and piece.for_developers):
            continue
        if pattern.by_sentence:
            found = [(at, m) for at, text in sentences_of(piece.text) if (m := expression.match(text))]
        else:
            found = [(m.start(), m) for m in expression.finditer(piece.text)]
        for at, match in found:
            line = piece.line + piece.text[:at].count("\n")
            end = at + len(match[0])
            words = " ".join(piece.text[max(0, at - 20) : min(end + 20, at + 90)].split())
            yield Match(kind, f"{piece.file}:{line}", words)


def subject_matches(subjects: Sequence[str]) -> Iterator[Match]:
    """Subjects of commits that are too long, or do not begin with an imperative."""
    for subject in subjects:
        if len(subject) > 72 or _NO_IMPERATIVE.match(subject):
            yield Match(SUBJECT, "git", subject)


def subjects_since(commit: str, root: Path = ROOT) -> list[str]:
    """The subjects of the commits since one; none where git or that commit is not there."""
    words = ["git", "-C", str(root), "log", "--format=%s", f"{commit}..HEAD"]
    try:
        done = subprocess.run(words, capture_output=True, text=True, check=False)
    except OSError:
        return []
    return done.stdout.splitlines() if done.returncode == 0 else []


def every_match(root: Path = ROOT) -> list[Match]:
    """All that is forbidden, by kind and place."""
    found = [match for piece in pieces(root) for match in matches_of(piece)]
    found += subject_matches(subjects_since(SINCE, root))
    return found


def counts_of(found: Sequence[Match]) -> dict[str, int]:
    """By kind, how often it occurs; 0 is a count too."""
    counts = Counter(match.kind for match in found)
    return {kind: counts[kind] for kind in (*PATTERNS, SUBJECT)}


def risen(counts: Mapping[str, int], allowed: Mapping[str, int]) -> list[str]:
    """A line for each kind whose count is above the committed one; a new kind has none and may not occur."""
    return [
        f"{kind}: {n}, {allowed.get(kind, 0)} allowed: python tools/prose.py {kind}"
        for kind, n in counts.items()
        if n > allowed.get(kind, 0)
    ]


def changed_lines(root: Path = ROOT) -> set[str]:
    """`file:line` of each line that is new since the counts were written; empty without git."""
    words = ["git", "-C", str(root), "log", "-1", "--format=%H", "--", COUNTS.as_posix()]
    commit = subprocess.run(words, capture_output=True, text=True, check=False).stdout.strip()
    if not commit:
        return set()
    words = ["git", "-C", str(root), "diff", "--unified=0", "--no-color", commit]
    places, file = set(), ""
    for line in subprocess.run(words, capture_output=True, text=True, check=False).stdout.splitlines():
        if line.startswith("+++ b/"):
            file = line.removeprefix("+++ b/")
        elif span := re.match(r"@@ -\S+ \+(\d+)(?:,(\d+))? @@", line):
            first, n = int(span[1]), int(span[2] or 1)
            places |= {f"{file}:{k}" for k in range(first, first + n)}
    return places


def main(words: Sequence[str], root: Path = ROOT) -> int:
    path = root / COUNTS
    found = every_match(root)
    counts = counts_of(found)
    allowed: dict[str, int] = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
    if words == ["check"]:
        up = risen(counts, allowed)
        kinds, changed = {line.split(":")[0] for line in up}, changed_lines(root) if up else set()
        up += [
            f"  {match.kind}\t{match.place}\t{match.words}"
            for match in found
            if match.kind in kinds and match.place in changed
        ]
        print(
            "\n".join(up)
            or f"no kind has risen: {sum(counts.values())} places, {sum(allowed.values())} allowed"
        )
        return int(bool(up))
    if words == ["write"]:
        least = {kind: min(n, allowed.get(kind, n)) for kind, n in counts.items()}
        path.write_text(json.dumps(least, indent=2) + "\n", encoding="utf-8", newline="\n")
        print("\n".join(risen(counts, least)))
        return 0
    if not words or (len(words) == 1 and words[0] in counts):
        for match in found:
            if not words or match.kind == words[0]:
                print(f"{match.kind}\t{match.place}\t{match.words}")
        print(json.dumps({kind: n for kind, n in counts.items() if not words or kind == words[0]}, indent=2))
        return 0
    print(__doc__)
    return 2


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
