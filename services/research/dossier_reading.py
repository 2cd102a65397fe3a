"""Read a dossier line by line, so that what is read renders to the very same bytes."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import NoReturn

from db.records import Language
from services.errors import Refused
from services.research.dossier import BOM, LANGUAGES, QUESTION, RULE, WORDS, Entry, Passage, Words, frame_of, render

LONGEST_LINE_BYTES = 4_000_000


def read(lines: Iterable[bytes], name: str) -> Iterator[Entry]:
    """
    Yield the entries of a dossier from its *lines*, each with its line end; *name* is the file's, for messages.

    What is yielded renders to the very same bytes.

    Raises:
        Refused: one sentence with file, line and reason.

    """
    reader = _Reader(lines, name)
    seen: dict[int, int] = {}
    while not reader.at_end():
        entry, line = reader.entry()
        if (first := seen.setdefault(entry.number, line)) != line:
            reader.refuse(line, f"question {entry.number} stands in line {first} already; give one another number")
        yield entry


class _Reader:
    """Reads line by line; what is no field goes, character for character, into the frame around them."""

    def __init__(self, lines: Iterable[bytes], name: str) -> None:
        self._name = name
        self._coming = iter(lines)
        self._number = 0
        self._line = ""  # the line to read next, "" at the end of the file
        self._raw: list[str] = []
        self._frame: list[str] = []
        self._between = ""
        self._turn()
        if self._line.startswith(BOM):
            self._skip(BOM)

    def at_end(self) -> bool:
        self._blank_lines()
        return not self._line

    def entry(self) -> tuple[Entry, int]:
        """Return the next entry, with the number of the line where it begins."""
        self._blank_lines()
        begins = self._number
        language, number, question = self._question()
        words = WORDS[language]
        retriever = self._retriever(words)
        entry = Entry(
            number=number,
            question=question,
            retriever=retriever,
            passages=tuple(self._passages(words)),
            answer=self._section(words.answer, or_else=f"- *{words.passage[0]}:*"),
            references=tuple(self._references(words)),
            label=self._section(words.label, or_else="- "),
            relevance=self._section(words.relevance),
            automated=self._section(words.automated),
            reasoning=self._section(words.reasoning),
            language=language,
        )
        self._rule()
        return self._checked(entry, begins), begins

    def refuse(self, line: int, reason: str) -> NoReturn:
        raise Refused(f"{self._name!r}, line {line}: {reason}.")

    def _checked(self, entry: Entry, begins: int) -> Entry:
        frame, raw = tuple(self._frame), "".join(self._raw)
        self._frame, self._raw = [], []
        entry = entry if frame == frame_of(entry) else replace(entry, frame=frame)
        if render(entry) != raw:
            self.refuse(begins, f"question {entry.number} would not be written as it was read; report this")
        return entry

    def _question(self) -> tuple[Language, int, str]:
        heading, body, end = QUESTION, *self._split()
        found = heading.fullmatch(body)
        if not found:
            self._expected(" or ".join(f"`**{word} 7**:`" for word in LANGUAGES))
        if not found[5].strip():
            self.refuse(self._number, f"question {found[3]} has no text; write it after the colon")
        self._field(f"**{found[1]} {found[2]}", found[3])
        self._field(f"**:{found[4]}", found[5])
        self._turn(end)
        return LANGUAGES[found[1]], int(found[3]), found[5]

    def _retriever(self, words: Words) -> str:
        found = self._heading(words.retrieved, r" (.+?)", example=" E5")
        return found[1]

    def _passages(self, words: Words) -> Iterator[Passage]:
        first = f"- *{words.passage[0]}:*"
        while self._next_begins(first):
            given = [self._after(f"- *{name}:*") for name in words.passage]
            corpus_id, score, url, start, end, transcript = given
            yield Passage(corpus_id=corpus_id, score=score, url=url, start=start, end=end, transcript=transcript)

    def _references(self, words: Words) -> Iterator[str]:
        self._heading(words.references)
        while self._next_begins("- "):
            body, end = self._split()
            yield self._field("- ", body[2:])
            self._turn(end)

    def _heading(self, name: str, more: str = "", *, example: str = "") -> re.Match[str]:
        """Read the heading of a list, which may say that the list is missing."""
        self._blank_lines()
        found = re.fullmatch(rf"\*\*{re.escape(name)}{more}\*\*:[ \t]*(?:N/D[ \t]*)?", self._split()[0])
        if not found:
            self._expected(f"`**{name}{example}**:`")
        self._skip(self._line)
        self._turn()
        return found

    def _section(self, name: str, or_else: str | None = None) -> str:
        return self._after(f"**{name}**:", or_else)

    def _after(self, marker: str, or_else: str | None = None) -> str:
        """Read a line that begins with *marker*; return what follows it and a space."""
        if not self._next_begins(marker):
            self._expected(f"`{marker}`" + (f" or `{or_else}`" if or_else else ""))
        body, end = self._split()
        rest = body.removeprefix(marker)
        space = rest[:1] if rest.startswith(" ") else ""
        self._field(marker + space, value := rest.removeprefix(space))
        self._turn(end)
        return value

    def _rule(self) -> None:
        """Read the rule that ends an entry, which the last one may lack, and the blank lines after it."""
        if not self.at_end():
            if not RULE.fullmatch(self._split()[0]):
                self._expected("`---`")
            self._skip(self._line)
            self._turn()
            self._blank_lines()
        self._frame.append(self._between)
        self._between = ""

    def _expected(self, what: str) -> NoReturn:
        found = repr(self._split()[0][:60]) if self._line else "the end of the file"
        self.refuse(self._number, f"expected {what} and found {found}; correct it there, with each text on one line")

    def _next_begins(self, marker: str) -> bool:
        self._blank_lines()
        return self._line.startswith(marker)

    def _blank_lines(self) -> None:
        while self._line and not self._line.strip():
            self._skip(self._line)
            self._turn()

    def _split(self) -> tuple[str, str]:
        """Return the line without its end, and its end."""
        end = "\r\n" if self._line.endswith("\r\n") else "\n" if self._line.endswith("\n") else ""
        return self._line.removesuffix(end), end

    def _skip(self, text: str) -> None:
        """Add what begins the line to the frame."""
        self._between += text
        self._raw.append(text)
        self._line = self._line.removeprefix(text)

    def _field(self, before: str, value: str) -> str:
        self._skip(before)
        self._frame.append(self._between)
        self._between = ""
        self._raw.append(value)
        self._line = self._line.removeprefix(value)
        return value

    def _turn(self, end: str = "") -> None:
        """Go to the next line, over the *end* of this one."""
        self._skip(end)
        self._number += 1
        raw = next(self._coming, b"")
        if len(raw) > LONGEST_LINE_BYTES:
            self.refuse(self._number, f"the line has more than {LONGEST_LINE_BYTES:,} bytes, so it is no dossier's")
        try:
            self._line = raw.decode()
        except UnicodeDecodeError:
            self.refuse(self._number, "the line is not UTF-8 text; save the file as UTF-8")
        if "\0" in self._line:
            self.refuse(self._number, "the line holds a NUL character, which no text has; remove it")
