"""Write the cues of a manifest's lectures, one a line, for `diff` with those of another checkout."""  # noqa: INP001 - a script

import json
import sys
from collections.abc import Iterator
from pathlib import Path

from services.lectures.captions import read


def lines(manifest: Path) -> Iterator[str]:
    for lecture in json.loads(manifest.read_text("utf-8"))["lectures"]:
        captions = read((manifest.parent / lecture["file"]).read_bytes(), name=lecture["file"])
        for cue in captions.cues:
            yield f"{lecture['id']}\t{cue.start_s}\t{cue.end_s}\t{cue.text}\n"
        for refusal in captions.refused:
            yield f"{lecture['id']}\t{refusal.line}\t{refusal.kind}\t{refusal.reason}\n"


if __name__ == "__main__":
    sys.stdout.writelines(lines(Path(sys.argv[1])))
