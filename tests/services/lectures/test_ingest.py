"""Taking lectures in: nothing twice, nothing lost, nothing half."""

import asyncio
import zipfile
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from psycopg.rows import scalar_row

from services.courses.courses import Courses
from services.lectures.ingest import Ingest, Report, Taken
from services.lectures.manifest import Source, plan
from tests.services.conftest import Desk, reported

GRADIENT = ("O gradiente encolhe a cada passo.", "Nas redes longas ele some.")
DROPOUT = ("O dropout desliga neurônios.", "Isso regulariza a rede.")


async def count(desk: Desk, table: str) -> int:
    queries = {
        "lectures": "select count(*) from lectures",
        "transcripts": "select count(*) from transcripts",
        "segments": "select count(*) from segments",
        "segment_terms": "select count(*) from segment_terms",
        "segment_vectors": "select count(*) from segment_vectors",
    }
    async with desk.pool.connection() as conn, conn.cursor(row_factory=scalar_row) as cur:
        await cur.execute(queries[table].encode())
        return int(await cur.fetchone() or 0)


async def test_a_lecture_taken_in_is_found_at_once(desk: Desk) -> None:
    desk.write("rnn", *GRADIENT)

    report = await desk.take_in()

    assert [(one.slug, one.status, one.segments) for one in report.taken] == [("rnn", "new", 1)]
    assert report.complete
    assert report.without_vector == 0
    assert await desk.found("por que o gradiente some?") == ["rnn"]


async def test_unchanged_files_cost_no_embedding_call(desk: Desk) -> None:
    desk.write("rnn", *GRADIENT)
    await desk.take_in()
    before = desk.embedder.passages

    report = await desk.take_in()

    assert [one.status for one in report.taken] == ["unchanged"]
    assert report.embedded == 0
    assert desk.embedder.passages == before


async def test_totals_add_up(desk: Desk) -> None:
    path = desk.write("rnn", *GRADIENT, "[Música]")
    path.write_text(path.read_text() + "\n4\n00:09:00,000 --> quando der\nperdida\n")

    (one,) = (await desk.take_in()).taken

    assert (one.found, one.kept, len(one.refusals)) == (4, 2, 2)
    assert {refusal.kind for refusal in one.refusals} == {"empty", "malformed"}


async def test_a_file_that_is_no_captions_does_not_stop_the_others(desk: Desk) -> None:
    desk.write("rnn", *GRADIENT)
    (desk.folder / "broken.vtt").write_bytes(b"%PDF-1.7")
    (desk.folder / "music.srt").write_text("1\n00:00:01,000 --> 00:00:02,000\n[Música]\n")

    report = await desk.take_in()

    assert {one.slug: one.status for one in report.taken} == {"broken": "refused", "music": "refused", "rnn": "new"}
    assert not report.complete
    assert all("'" in (one.reason or "'") for one in report.taken)
    assert await desk.found("gradiente") == ["rnn"]


async def test_a_file_larger_than_captions_are_is_refused_unread(desk: Desk) -> None:
    path = desk.folder / "video.vtt"
    with path.open("wb") as file:
        file.truncate(20_000_001)

    (one,) = (await desk.take_in()).taken

    assert one.status == "refused"
    assert "20 MB" in (one.reason or "")


async def test_a_changed_lecture_replaces_the_old_one_and_keeps_it_for_old_answers(desk: Desk) -> None:
    desk.write("rnn", *GRADIENT)
    await desk.take_in()
    desk.write("rnn", "Hoje falamos de atenção.", "A atenção pesa as palavras.")

    report = await desk.take_in()

    assert [one.status for one in report.taken] == ["changed"]
    assert await desk.found("gradiente") in ([], ["rnn"])
    found = await desk.retriever.search(course=desk.course, questions=["atenção palavras"])
    assert "atenção" in found.hits[0].text
    assert await count(desk, "segments") == 2
    assert await count(desk, "segment_terms") == await count(desk, "segment_vectors") == 1


async def test_questions_asked_while_a_lecture_changes_find_one_whole_version(desk: Desk) -> None:
    versions = [[f"versão{n} atenção {word}" for word in ("um", "dois", "três")] for n in (1, 2)]
    desk.write("rnn", *versions[0])
    await desk.take_in()
    stop = asyncio.Event()

    async def keep_asking() -> list[set[str]]:
        seen: list[set[str]] = []
        while not stop.is_set():
            found = await desk.retriever.search(course=desk.course, questions=["atenção"])
            seen.append({word for hit in found.hits for word in hit.text.split() if word.startswith("versão")})
        return seen

    asking = asyncio.create_task(keep_asking())
    for round_ in range(6):
        desk.write("rnn", *versions[(round_ + 1) % 2])
        await desk.take_in()
    stop.set()

    assert all(len(versions_seen) == 1 for versions_seen in await asking)


async def test_a_vanished_file_is_listed_and_goes_only_when_pruned(desk: Desk) -> None:
    desk.write("rnn", *GRADIENT)
    desk.write("dropout", *DROPOUT)
    await desk.take_in()
    (desk.folder / "dropout.srt").unlink()

    listed = await desk.take_in()
    still_found = await desk.found("dropout desliga")
    pruned = await desk.take_in(prune=True)

    assert listed.vanished == pruned.vanished == ("dropout",)
    assert still_found[0] == "dropout"
    assert "dropout" not in await desk.found("dropout desliga")
    assert await count(desk, "segments") == 2  # old answers still resolve


async def test_a_pruned_lecture_comes_back_with_its_file(desk: Desk) -> None:
    desk.write("rnn", *GRADIENT)
    path = desk.write("dropout", *DROPOUT)
    await desk.take_in()
    text = path.read_text()
    path.unlink()
    await desk.take_in(prune=True)
    path.write_text(text)

    await desk.take_in()

    assert (await desk.found("dropout desliga"))[0] == "dropout"


async def test_naming_one_file_makes_no_other_vanish(desk: Desk) -> None:
    desk.write("rnn", *GRADIENT)
    desk.write("dropout", *DROPOUT)
    await desk.take_in()

    report = await desk.take_in(desk.plan().sources[:1])

    assert report.vanished == ()


async def test_a_dry_run_stores_nothing_and_says_what_it_would_do(desk: Desk) -> None:
    desk.write("rnn", *GRADIENT)

    report = await reported(desk.ingest.rehearse(desk.course, desk.plan()))

    assert [one.status for one in report.taken] == ["new"]
    assert await count(desk, "lectures") == 0
    assert desk.embedder.passages == 0


async def test_two_ingests_at_once_double_nothing(desk: Desk) -> None:
    for number in range(8):
        desk.write(f"aula-{number}", *GRADIENT, f"Aula {number}.")

    reports = await asyncio.gather(desk.take_in(), desk.take_in(), desk.take_in())

    statuses = [one.status for report in reports for one in report.taken]
    assert statuses.count("new") == 8
    assert await count(desk, "lectures") == await count(desk, "transcripts") == await count(desk, "segments") == 8
    assert await count(desk, "segment_vectors") == 8


async def test_an_interrupted_ingest_goes_on_where_it_was(desk: Desk) -> None:
    for number in range(4):
        desk.write(f"aula-{number}", *GRADIENT, f"Aula {number}.")
    events = desk.ingest.run(desk.course, desk.plan())
    async for event in events:
        if isinstance(event, Taken) and event.slug == "aula-1":
            break
    await events.aclose()
    embedded = desk.embedder.passages

    report = await desk.take_in()

    assert [one.status for one in report.taken] == ["unchanged", "unchanged", "new", "new"]
    assert desk.embedder.passages == embedded + 2


async def test_without_a_model_lectures_are_found_by_words_and_get_their_vectors_later(desk: Desk) -> None:
    desk.write("rnn", *GRADIENT)
    desk.embedder.down = True
    first = await desk.take_in()
    by_words = await desk.found("gradiente")
    desk.embedder.down = False

    second = await desk.take_in()

    assert (first.taken[0].status, first.without_vector) == ("new", 1)
    assert by_words == ["rnn"]
    assert (second.taken[0].status, second.filled, second.without_vector) == ("unchanged", 1, 0)


async def test_a_long_segment_has_a_vector_for_each_piece(desk: Desk) -> None:
    desk.write("rnn", *(" ".join(f"palavra{i}_{j}" for j in range(30)) for i in range(11)))

    await desk.take_in()

    assert await count(desk, "segments") == 1
    assert await count(desk, "segment_vectors") == 2


async def test_what_the_manifest_says_is_kept_up_to_date_without_embedding(desk: Desk) -> None:
    path = desk.write("rnn", *GRADIENT)
    source = Source(slug="rnn", path=path, title="Aula 5", language="pt-BR", video_url="https://youtu.be/old")
    await desk.take_in([source])
    before = desk.embedder.passages

    await desk.take_in([replace(source, video_url="https://youtu.be/new")])

    (lecture,) = await Courses(desk.pool).lectures(desk.course)
    assert lecture.video_url == "https://youtu.be/new"
    assert desk.embedder.passages == before


async def test_a_lecture_is_not_found_before_its_release(desk: Desk) -> None:
    path = desk.write("rnn", *GRADIENT)
    source = Source(slug="rnn", path=path, title="rnn", language="pt-BR")
    await desk.take_in([replace(source, released_at=datetime.now(UTC) + timedelta(hours=1))])
    before = await desk.found("gradiente")

    await desk.take_in([replace(source, released_at=datetime.now(UTC) - timedelta(hours=1))])

    assert before == []
    assert await desk.found("gradiente") == ["rnn"]


async def test_each_course_keeps_to_itself(desk: Desk) -> None:
    desk.write("rnn", *GRADIENT)
    await desk.take_in()
    other = await Courses(desk.pool).create(slug="outro", title="Outro", language="pt-BR")

    assert await desk.found("gradiente", course=other) == []
    await desk.take_in(course=other)
    assert await desk.found("gradiente", course=other) == ["rnn"]
    assert await desk.found("gradiente") == ["rnn"]
    assert len(Path(desk.plan().sources[0].path).parts) > 1


async def test_a_file_of_the_same_name_elsewhere_does_not_take_a_lectures_place(desk: Desk) -> None:
    path = desk.write("aula", *GRADIENT)
    await desk.take_in()
    elsewhere = desk.folder / "semana-2"
    elsewhere.mkdir()
    (elsewhere / "aula.srt").write_text(path.read_text().replace("gradiente", "perceptron"))
    source = Source(slug="aula", path=elsewhere / "aula.srt", title="aula", language="pt-BR")

    report = await desk.take_in([source])
    path.unlink()
    moved = await desk.take_in([source])

    assert (report.taken[0].status, report.complete) == ("refused", False)
    assert "still there" in (report.taken[0].reason or "")
    assert moved.taken[0].status == "changed"


async def test_a_file_name_that_is_no_text_is_taken_in(desk: Desk) -> None:
    path = desk.write("aula", *GRADIENT)
    path.rename(desk.folder / b"aula\xff.srt".decode("utf-8", "surrogateescape"))

    report = await desk.take_in()

    assert [(one.slug, one.status) for one in report.taken] == [("aula", "new")]


def said(folder: Path, name: str, *, first_s: int, count: int = 12) -> Path:
    """Write captions that begin at *first_s* and are spoken at a human pace."""
    cues = (
        f"{n}\n{clock(first_s + 6 * n)} --> {clock(first_s + 6 * n + 4)}\no gradiente some na rede profunda {n}\n"
        for n in range(count)
    )
    (folder / name).write_text("\n".join(cues))
    return folder / name


def clock(second: int) -> str:
    return f"{second // 3600:02}:{second // 60 % 60:02}:{second % 60:02},000"


async def test_a_lecture_an_hour_off_is_refused_and_the_others_go_on(desk: Desk) -> None:
    said(desk.folder, "aula-1h.srt", first_s=3_604)
    desk.write("rnn", *GRADIENT)

    report = await desk.take_in()

    assert {one.slug: (one.status, one.fault) for one in report.taken} == {
        "aula-1h": ("refused", "clock"),
        "rnn": ("new", None),
    }
    assert "begins at 1:00:04" in (report.taken[0].reason or "")


async def test_a_lecture_an_hour_off_is_put_right_by_its_video_s_length(desk: Desk) -> None:
    path = said(desk.folder, "aula-1h.srt", first_s=3_604)
    source = Source(slug="aula-1h", path=path, title="Aula 1", language="pt", duration_s=80.0)

    (one,) = (await desk.take_in([source])).taken
    found = await desk.retriever.search(course=desk.course, questions=["gradiente some"])

    assert (one.status, found.hits[0].start_s) == ("new", 4)
    assert "1:00:00 was taken off every time" in one.repairs[-1]
    assert one.pace is not None
    assert (one.pace.start_s, one.pace.end_s, round(one.pace.covered or 0, 2)) == (4, 74, 0.6)


async def test_a_lecture_in_another_format_of_the_same_name_is_the_same_lecture(desk: Desk) -> None:
    desk.write("rnn", *GRADIENT)
    await desk.take_in()
    text = (desk.folder / "rnn.srt").read_text().replace(",000", ".000")
    (desk.folder / "rnn.vtt").write_text(f"WEBVTT\n\n{text}")

    report = await desk.take_in()

    assert [(one.slug, one.status, one.path.suffix) for one in report.taken] == [("rnn", "unchanged", ".vtt")]
    assert report.remarks[0] == "rnn.vtt is taken; left out as the same lecture: rnn.srt"


async def test_an_archive_is_taken_in_and_vanished_is_what_it_lacks_later(desk: Desk) -> None:
    path = desk.folder / "curso.zip"
    lecture = desk.write("rnn", *GRADIENT).read_text()
    (desk.folder / "rnn.srt").unlink()

    async def take_in(*names: str) -> Report:
        with zipfile.ZipFile(path, "w") as archive:
            for name in names:
                archive.writestr(name, lecture)
        order = plan([path], manifest=None, language="pt-BR", video_url=None)
        return await reported(desk.ingest.run(desk.course, order))

    first = await take_in("curso/rnn.srt", "curso/lstm.srt", "__MACOSX/curso/._rnn.srt")
    again = await take_in("curso/rnn.srt")

    assert {one.slug: one.status for one in first.taken} == {"lstm": "new", "rnn": "new"}
    assert ([one.status for one in again.taken], again.vanished) == (["unchanged"], ("lstm",))


async def test_no_name_of_a_speaker_reaches_passages_or_index(desk: Desk) -> None:
    names = ("Caio Nogueira Lins", "Helena Prado")
    desk.write("reuniao", *(f"{names[n % 2]}: a rede esquece o passo {n}" for n in range(8)))

    await desk.take_in()
    (passage,) = (await desk.retriever.search(course=desk.course, questions=["a rede esquece"])).hits
    assert not any(word in passage.text for name in names for word in name.split())


async def test_a_rehearsal_asks_no_model(desk: Desk) -> None:
    desk.write("rnn", *GRADIENT)
    ingest = Ingest(desk.pool, desk.serving, None)

    report = await reported(ingest.rehearse(desk.course, desk.plan()))

    assert [one.status for one in report.taken] == ["new"]
    assert desk.embedder.passages == 0
