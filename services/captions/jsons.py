"""Read the captions that come as JSON: YouTube's json3, Whisper's segments and WhisperX's."""

import json
from collections.abc import Iterator, Sequence
from typing import NoReturn, cast

from services.captions.records import Caption, Format, Item, Refusal, Unreadable, malformed

Json = dict[str, object]
HINTS = ('"events"', '"segments"', '"start"')


def document(text: str) -> tuple[Format, Sequence[object]]:
    """
    Return which of the three *text* is, with its events or segments.

    Raises:
        Unreadable: not JSON, JSON too deep or with NaN, or JSON of something else.
    """
    if not any(hint in text for hint in HINTS):
        raise Unreadable('is JSON without "events" or "segments"; export it as json3, Whisper or WhisperX')
    root = _loaded(text)
    fields = _object(root) or {"segments": root}
    if (events := _list(fields.get("events"))) is not None:
        return "json3", events
    segments = _list(fields.get("segments"))
    if segments is None:
        raise Unreadable('is JSON without a list of "events" or "segments"; export it as Whisper JSON')
    return ("whisperx" if "word_segments" in fields or _has_aligned(segments) else "whisper"), segments


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
    """A segment without times, as WhisperX leaves one it could not align, takes those of its words."""
    for ordinal, segment in enumerate(map(_object, segments), start=1):
        if segment is None:
            yield malformed(ordinal, "is not an object")
            continue
        start, end = _ends(segment)
        if start is None:
            yield malformed(ordinal, "has no readable start, nor have its words")
            continue
        end_ms = None if end is None else round(end * 1000)
        text = _text(segment, "text") or "".join(_text(word, "word") for word in _words(segment))
        yield Caption(line=ordinal, start_ms=round(start * 1000), end_ms=end_ms, text=text)


def _ends(segment: Json) -> tuple[float | None, float | None]:
    starts = [segment.get("start"), *(word.get("start") for word in _words(segment))]
    ends = [segment.get("end"), *(word.get("end") for word in reversed(_words(segment)))]
    return _first_number(starts), _first_number(ends)


def _words(segment: Json) -> list[Json]:
    return [word for word in map(_object, _list(segment.get("words")) or ()) if word is not None]


def _first_number(values: Sequence[object]) -> float | None:
    return next((number for value in values if (number := _number(value)) is not None), None)


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
