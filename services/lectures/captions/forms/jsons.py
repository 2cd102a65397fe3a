"""Read the captions that come as JSON: YouTube's json3, and the segments of Whisper and its relatives."""

import json
import re
from collections.abc import Iterator, Sequence
from typing import NoReturn, cast

from services.lectures.captions.records import Caption, Format, Item, Refusal, Repair, Unreadable, malformed
from services.lectures.captions.times import BadTimeError, milliseconds
from services.lectures.captions.units import Timed, unit_of

Json = dict[str, object]
HINTS = ('"events"', '"segments"', '"start', '"transcription"', '"offset', '"begin"', '"from"', '"chunks"')
LISTS = (
    "segments",
    "transcription",
    "utterances",
    "sentences",
    "captions",
    "subtitles",
    "cues",
    "chunks",
    "transcript",
)
"""Under which names programs keep their cues; the first that is a list of objects counts."""
STARTS = ("start", "startTime", "start_time", "startMs", "start_ms", "begin", "from", "offset")
ENDS = ("end", "stop", "endTime", "end_time", "endMs", "end_ms", "to")
LENGTHS = ("duration", "dur", "durationMs", "duration_ms")
NAMED_MS = ("startMs", "start_ms", "tStartMs")
TEXTS = ("text", "transcript", "body", "content", "caption")
PLAIN = re.compile(r"(-?[0-9]{1,12}(?:\.[0-9]{1,12})?)s?")
WRAPPED = ("results", "result", "data", "transcript", "response")


def document(text: str) -> tuple[Format, Sequence[object]]:
    """
    Return which of them *text* is, with its events or segments.

    Raises:
        Unreadable: not JSON, JSON too deep or with NaN, or JSON of something else.
    """
    if not any(hint in text for hint in HINTS):
        raise Unreadable('is JSON without "events" or "segments"; export it as json3, Whisper or WhisperX')
    root = _loaded(text)
    fields = _object(root) or {"segments": root}
    if (events := _list(fields.get("events"))) is not None:
        return "json3", events
    name, segments = _segments(fields)
    if name == "transcription":
        return "whispercpp", segments
    if name != "segments" or not _is_whisper(segments):
        return "json", segments
    return ("whisperx" if "word_segments" in fields or _has_aligned(segments) else "whisper"), segments


def _segments(fields: Json) -> tuple[str, Sequence[object]]:
    """Return the list of cues and its name; some programs wrap it once, as in `{"results": {"utterances": […]}}`."""
    inner = (_object(fields.get(name)) for name in WRAPPED)
    for level in (fields, *filter(None, inner)):
        for name in LISTS:
            found = _list(level.get(name))
            if found is not None and (name == "segments" or any(map(_is_timed, found[:5]))):
                return name, found
    raise Unreadable('is JSON without a list of "events" or "segments"; export it as Whisper JSON')


def _is_timed(value: object) -> bool:
    fields = _object(value) or {}
    return (
        "offsets" in fields
        or isinstance(fields.get("timestamp"), list)
        or (any(key in fields for key in STARTS) and any(key in fields for key in TEXTS))
    )


def _is_whisper(segments: Sequence[object]) -> bool:
    first = next(filter(None, map(_object, segments)), None)
    return first is None or ("stop" not in first and ("start" in first or "words" in first or "text" in first))


def _loaded(text: str) -> object:
    try:
        return json.loads(text, parse_constant=_no_constant)
    except RecursionError as error:
        raise Unreadable("nests its JSON too deeply; it is not a caption export") from error
    except json.JSONDecodeError as error:
        raise Unreadable(
            f"breaks off or is broken as JSON at line {error.lineno} ({error.msg}); export it again"
        ) from error
    except ValueError as error:  # a number of thousands of digits
        raise Unreadable(f"holds JSON that cannot be read ({str(error)[:80]}); export it again") from error


def _no_constant(name: str) -> NoReturn:
    raise Unreadable(f"holds {name} where JSON wants a number; export it again")


def _object(value: object) -> Json | None:
    return cast("Json", value) if isinstance(value, dict) else None


def _list(value: object) -> list[object] | None:
    return cast("list[object]", value) if isinstance(value, list) else None


def _has_aligned(segments: Sequence[object]) -> bool:
    """WhisperX writes speakers, and a score for each word; Whisper writes a probability."""
    for segment in filter(None, map(_object, segments[:50])):
        words = map(_object, _list(segment.get("words")) or ())
        if "speaker" in segment or any(word and "score" in word for word in words):
            return True
    return False


def json3(events: Sequence[object]) -> Iterator[Item]:
    """Events without segs open a window, and appended line breaks scroll it: neither is a cue."""
    for ordinal, event in enumerate(map(_object, events), start=1):
        if event is None:
            yield malformed(ordinal, "is not an object")
        elif "segs" in event:
            text = "".join(_text(_object(seg), "utf8") for seg in _list(event["segs"]) or ())
            if text.strip() or not event.get("aAppend"):
                yield _event(ordinal, event, text)


def _event(ordinal: int, event: Json, text: str) -> Caption | Refusal:
    start, duration = _number(event.get("tStartMs")), _number(event.get("dDurationMs"))
    if start is None:
        return malformed(ordinal, "has no readable tStartMs")
    end_ms = None if duration is None else round(start + duration)
    return Caption(line=ordinal, start_ms=round(start), end_ms=end_ms, text=text)


def whisper(segments: Sequence[object]) -> Iterator[Item]:
    """
    A segment without times, as WhisperX leaves one it could not align, takes those of its words.

    Other programs write the same shape with other names and units; docs/captions.md lists them.
    """
    rows = [(ordinal, _segment(ordinal, _object(segment))) for ordinal, segment in enumerate(segments, start=1)]
    timed = [row for _, row in rows if isinstance(row, Timed)]
    factor_ms, note = unit_of(timed, _usual_unit(segments))
    if note:
        yield Repair(what=note)
    for ordinal, row in rows:
        if isinstance(row, Timed):
            end_ms = None if row.end is None else round(row.end * factor_ms)
            yield Caption(line=ordinal, start_ms=round(row.start * factor_ms), end_ms=end_ms, text=row.text)
        else:
            yield row


def _usual_unit(segments: Sequence[object]) -> str:
    """whisper.cpp's offsets are milliseconds, and so is what says so in its name; all others count seconds."""
    first = next(filter(None, map(_object, segments)), Json())
    return "milliseconds" if "offsets" in first or any(name in first for name in NAMED_MS) else "seconds"


def _segment(ordinal: int, segment: Json | None) -> Timed | Refusal:
    if segment is None:
        return malformed(ordinal, "is not an object")
    if (offsets := _object(segment.get("offsets"))) is not None:
        segment = {**segment, "start": offsets.get("from"), "end": offsets.get("to")}
    start, end = _ends(segment)
    if start is None:
        return malformed(ordinal, "has no readable start, nor have its words")
    texts = (_text(segment, key) for key in TEXTS)
    text = next(filter(None, texts), "") or "".join(_text(word, "word") for word in _words(segment))
    return Timed(start=start, end=end, text=text)


def _ends(segment: Json) -> tuple[float | None, float | None]:
    if (pair := _list(segment.get("timestamp"))) is not None and len(pair) == 2:
        return _number(pair[0]), _number(pair[1])
    starts = [*(segment.get(key) for key in STARTS), *(word.get("start") for word in _words(segment))]
    ends = [*(segment.get(key) for key in ENDS), *(word.get("end") for word in reversed(_words(segment)))]
    start, end = _first_number(starts), _first_number(ends)
    if end is None and start is not None:
        length = _first_number([segment.get(key) for key in LENGTHS])
        end = None if length is None else start + length
    return start, end


def _words(segment: Json) -> list[Json]:
    return [word for word in map(_object, _list(segment.get("words")) or ()) if word is not None]


def _first_number(values: Sequence[object]) -> float | None:
    return next((number for value in values if (number := _seconds(value)) is not None), None)


def _seconds(value: object) -> float | None:
    """Some programs write their numbers as text: `"1.2"`, `"1.2s"`, or a clock."""
    if not isinstance(value, str):
        return _number(value)
    if plain := PLAIN.fullmatch(value.strip()):
        return _number(float(plain[1]))
    try:
        return milliseconds(value) / 1000
    except BadTimeError:
        return None


def _number(value: object) -> float | None:
    """
    Return *value* where JSON meant a number, which `true` is not.

    1e999 reads as infinity and an integer has no limit: both are cut to what is still far over any video.
    """
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return min(max(value, -1e12), 1e12)


def _text(fields: Json | None, key: str) -> str:
    value = (fields or {}).get(key)
    return value if isinstance(value, str) else ""
