"""A passage and a cited moment as JSON, by the names that exports and `--json` promise alike."""

from typing import Any

from db.records import Hit, Reference
from db.records.exports import ExportedHit, ExportedReference
from services.lectures.links import moment


def passage(hit: Hit | ExportedHit) -> dict[str, Any]:
    """Return where a passage stands and what it says."""
    return {
        "lecture": hit.lecture,
        "title": hit.title,
        "start": hit.start_s,
        "end": hit.end_s,
        "score": hit.score,
        "url": moment(hit.video_url, hit.start_s, hit.duration_s),
        "text": hit.text,
    }


def cited(reference: Reference | ExportedReference) -> dict[str, Any]:
    """Return where a moment is, and what is quoted of it."""
    return {
        "lecture": reference.lecture,
        "title": reference.title,
        "start": reference.start_s,
        "end": reference.end_s,
        "url": reference.url,
        "quote": reference.quote,
    }
