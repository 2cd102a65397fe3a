"""Read the captions that come as XML: TTML (DFXP) and YouTube's srv3, srv2 and srv1."""

import re
from collections.abc import Iterator, Mapping
from fractions import Fraction
from xml.etree.ElementTree import ParseError

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import XMLParser

from services.lectures.captions.records import Caption, Item, Refusal, Unreadable, malformed
from services.lectures.captions.times import BadTimeError, milliseconds

ROOT = re.compile(r"<(?:[A-Za-z0-9_.-]{1,40}:)?(tt|timedtext|transcript)[\s>/]")
CHUNK = 65_536
MAX_DEPTH = 100
OFFSET = re.compile(r"([0-9]{1,15}(?:\.[0-9]{1,9})?)(h|ms|m|s|f|t)")
FRAMES = re.compile(r"([0-9]{1,9}:[0-9]{2}:[0-9]{2}):([0-9]{1,4}(?:\.[0-9]{1,4})?)")
WHOLE = re.compile("-?[0-9]{1,12}")
SECONDS = re.compile(r"-?[0-9]{1,9}(?:\.[0-9]{1,9})?")
UNIT_S = {"h": Fraction(3600), "m": Fraction(60), "s": Fraction(1), "ms": Fraction(1, 1000)}

Attributes = Mapping[str, str]


class _Paragraphs:
    """
    The parser's target: collects cues as it meets them, and builds no tree.

    A tree of a hostile file of 20 MB takes more than a gigabyte.
    """

    def __init__(self) -> None:
        self.found: list[Item] = []
        self._ordinal = 0
        self._depth = 0
        self._root: Attributes = {}
        self._is_ttml = False
        self._containers: list[Attributes] = []  # body and div, the outermost first
        self._languages: list[str] = []
        self._paragraph: Attributes | None = None
        self._span: tuple[int, Attributes] | None = None  # a span that has times where its paragraph has none
        self._words: list[str] = []

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        self._depth += 1
        if self._depth > MAX_DEPTH:
            raise Unreadable("nests its XML too deeply; it is not a caption export")
        given = {_local(name): value for name, value in attributes.items()}
        match _local(tag):
            case "tt" | "timedtext" | "transcript" if self._depth == 1:
                self._root, self._is_ttml = given, _local(tag) == "tt"
            case "text" if not self._is_ttml and self._depth == 2:
                self._paragraph, self._words = given, []
            case "body" | "div":
                self._containers.append(given)
            case "p":
                self._paragraph, self._words = given, []
            case "span" if self._paragraph is not None and self._is_timed_alone(given):
                self._flush(self._paragraph)
                self._span = (self._depth, given)
            case "br":
                self._words.append("\n")
            case _:
                pass

    def end(self, tag: str) -> None:
        if self._span is not None and self._span[0] == self._depth:
            self._emit(self._span[1])
            self._span = None
        self._depth -= 1
        match _local(tag):
            case "body" | "div" if self._containers:
                self._containers.pop()
            case "p" | "text" if self._paragraph is not None:
                self._close(self._paragraph)
            case _:
                pass

    def data(self, text: str) -> None:
        if self._paragraph is not None:
            self._words.append(text)

    def close(self) -> None:
        """The parser asks for it; there is nothing to hand over."""

    def _is_timed_alone(self, span: Attributes) -> bool:
        paragraph = self._paragraph or {}
        return self._is_ttml and self._span is None and "begin" in span and "begin" not in paragraph

    def _close(self, paragraph: Attributes) -> None:
        """An appended srv3 paragraph of white space scrolls the window: it is no cue."""
        if paragraph.get("a") and not "".join(self._words).strip():
            self._words = []
        elif "begin" in paragraph or "t" in paragraph or not self._is_ttml:
            self._emit(paragraph)
        else:
            self._flush(paragraph)
        self._paragraph = None

    def _flush(self, paragraph: Attributes) -> None:
        """Words of a paragraph outside its timed spans are a cue of their own, if there are any."""
        if "".join(self._words).strip():
            self._emit(paragraph)

    def _emit(self, given: Attributes) -> None:
        self._ordinal += 1
        text, self._words = "".join(self._words), []
        self.found.append(self._ttml(given, text) if self._is_ttml else _srv3(self._ordinal, given, text))

    def _ttml(self, given: Attributes, text: str) -> Caption | Refusal:
        """Times inside a container count from the container's own begin."""
        chain = [*self._containers, given]
        if all("begin" not in level for level in chain):
            return malformed(self._ordinal, "has no begin")
        try:
            base_ms = sum(_ttml_ms(level["begin"], self._root) for level in chain[:-1] if "begin" in level)
            start_ms = base_ms + _ttml_ms(given.get("begin", "0s"), self._root)
            end_ms = self._ttml_end(given, base_ms, start_ms)
        except BadTimeError as problem:
            return malformed(self._ordinal, str(problem))
        return Caption(line=self._ordinal, start_ms=start_ms, end_ms=end_ms, text=text, part=self._language_part())

    def _ttml_end(self, given: Attributes, base_ms: int, start_ms: int) -> int | None:
        if "end" in given:
            return base_ms + _ttml_ms(given["end"], self._root)
        return start_ms + _ttml_ms(given["dur"], self._root) if "dur" in given else None

    def _language_part(self) -> int:
        language = next((level["lang"] for level in reversed(self._containers) if "lang" in level), "")
        if language not in self._languages:
            self._languages.append(language)
        return self._languages.index(language)


def xml(text: str) -> Iterator[Item]:
    """
    Yield the cues of a TTML or srv3 file; where its XML breaks off, those before the break and one refusal.

    Raises:
        Unreadable: entities, too deep, or broken before the first cue.
    """
    target = _Paragraphs()
    parser = XMLParser(target=target)
    count = 0
    try:
        for at in range(0, len(text), CHUNK):
            parser.feed(text[at : at + CHUNK])
            yield from target.found
            count, target.found = count + len(target.found), []
        parser.close()
    except DefusedXmlException as error:
        raise Unreadable("declares XML entities, which are never expanded; export it again") from error
    except ParseError as error:
        yield from target.found
        if not count + len(target.found):
            raise Unreadable(f"is broken as XML ({error}); export it again") from error
        yield malformed(
            count + len(target.found) + 1,
            f"cannot be read: the XML is broken ({error}), nothing after it is read",
        )


def _srv3(ordinal: int, given: Attributes, text: str) -> Caption | Refusal:
    if "start" in given:
        return _srv1(ordinal, given, text)
    start, duration = given.get("t", ""), given.get("d", "")
    if not WHOLE.fullmatch(start):
        return malformed(ordinal, f"has the unreadable time {start[:40]!r}")
    end_ms = int(start) + int(duration) if WHOLE.fullmatch(duration) else None
    return Caption(line=ordinal, start_ms=int(start), end_ms=end_ms, text=text)


def _srv1(ordinal: int, given: Attributes, text: str) -> Caption | Refusal:
    """Seconds with fractions, as `start` and `dur`."""
    start, duration = given["start"], given.get("dur", "")
    if not SECONDS.fullmatch(start):
        return malformed(ordinal, f"has the unreadable time {start[:40]!r}")
    start_ms = round(float(start) * 1000)
    end_ms = start_ms + round(float(duration) * 1000) if SECONDS.fullmatch(duration) else None
    return Caption(line=ordinal, start_ms=start_ms, end_ms=end_ms, text=text)


def _local(name: str) -> str:
    return name.rpartition("}")[2]


def _ttml_ms(written: str, root: Attributes) -> int:
    """
    Read a TTML time expression, https://www.w3.org/TR/ttml1/#timing-value-timeExpression.

    Raises:
        BadTimeError: not one of the standard's shapes.
    """
    time = written.strip()
    if offset := OFFSET.fullmatch(time):
        return round(Fraction(offset[1]) * _unit_s(offset[2], root) * 1000)
    if frames := FRAMES.fullmatch(time):
        return milliseconds(frames[1]) + round(Fraction(frames[2]) / _frame_rate(root) * 1000)
    return milliseconds(time)


def _unit_s(unit: str, root: Attributes) -> Fraction:
    if unit == "f":
        return 1 / _frame_rate(root)
    if unit == "t":
        return 1 / (_positive(root.get("tickRate")) or (_frame_rate(root) if "frameRate" in root else Fraction(1)))
    return UNIT_S[unit]


def _frame_rate(root: Attributes) -> Fraction:
    numerator, _, denominator = root.get("frameRateMultiplier", "1 1").replace(":", " ").partition(" ")
    multiplier = (_positive(numerator) or Fraction(1)) / (_positive(denominator) or Fraction(1))
    return (_positive(root.get("frameRate")) or Fraction(30)) * multiplier


def _positive(written: str | None) -> Fraction | None:
    number = (written or "").strip()
    return Fraction(number) if re.fullmatch("[0-9]{0,8}[1-9][0-9]{0,8}", number) else None
