"""Cases that people reported in public, by the numbers of our list, each with an input of our own in the same form."""

import json
from pathlib import Path

import pytest

from services.answering.ask import Asked, Asker, Reply
from services.lectures.captions import Captions, NotCaptions, WrongClock, held, read
from services.lectures.manifest import plan
from services.models.chat import ChatModel, LlmConfig
from tests.fake_model import Behaviour, ends_each, fake_model, has_system, refuses, says, says_parts, sends_json
from tests.services.conftest import Desk

ROOT = Path(__file__).parents[2]

SAID = (
    "o gradiente some quando a rede é muito profunda",
    "a porta de esquecimento decide o que fica na memória",
    "o dropout desliga neurônios no sorteio durante o treino",
    "a convolução desliza um filtro pequeno sobre a imagem",
    "a taxa de aprendizado muito alta faz a perda oscilar",
    "a atenção pesa cada palavra pela semelhança das chaves",
) * 2


def srt_clock(time_ms: int) -> str:
    return f"{time_ms // 3_600_000:02}:{time_ms // 60_000 % 60:02}:{time_ms // 1000 % 60:02},{time_ms % 1000:03}"


def srt(texts: list[tuple[int, int, str]]) -> bytes:
    return "".join(
        f"{n}\n{srt_clock(start)} --> {srt_clock(end)}\n{said}\n\n" for n, (start, end, said) in enumerate(texts, 1)
    ).encode()


def vtt(texts: list[tuple[int, int, str]], header: str = "WEBVTT\n\n") -> bytes:
    cues = (f"{srt_clock(start)} --> {srt_clock(end)}\n{said}\n\n".replace(",", ".") for start, end, said in texts)
    return (header + "".join(cues)).encode()


def spoken(*, from_ms: int = 4_000, step_ms: int = 6_000) -> list[tuple[int, int, str]]:
    return [(from_ms + step_ms * n, from_ms + step_ms * n + 5_000, said) for n, said in enumerate(SAID)]


def lit(said: str, start_ms: int) -> list[tuple[int, int, str]]:
    words = said.split()
    return [
        (start_ms + 400 * at, start_ms + 400 * at + 400, " ".join([*words[:at], f"<u>{word}</u>", *words[at + 1 :]]))
        for at, word in enumerate(words)
    ]


def on_clock(data: bytes, *, duration_s: float | None = None) -> Captions:
    return held(read(data, name="aula"), name="aula", duration_s=duration_s, offset_s=None)


LIT = srt([one for n, said in enumerate(SAID[:6]) for one in lit(said, 3_000 + 5_000 * n)])
HUNDREDTHS = json.dumps([{"start": 96 + 430 * n, "stop": 500 + 430 * n, "text": said} for n, said in enumerate(SAID)])
FRAMES = "\n\n".join(f"00:00:{12 + 4 * n:02}:12\nFalante 1\n{said}" for n, said in enumerate(SAID))
JOINED = b"".join(
    vtt([(500, 5_500, said)], header=f"WEBVTT\nX-TIMESTAMP-MAP=MPEGTS:{900_000 + 540_000 * n},LOCAL:00:00:00.000\n\n")
    for n, said in enumerate(SAID)
)
ZOOM = vtt([(at, end, f"{'Bianca Sá' if at % 4_000 else 'Caio Lins'}: {said}") for at, end, said in spoken()])
TEAMS = (
    "WEBVTT\n\n"
    + "".join(
        f"3f2b8c1e-0a4d-4b7e-9c61-1d2e3f4a5b6c/{n}-0\n00:00:{3 + 5 * n:02}.120 --> 00:00:{6 + 5 * n:02}.000\n"
        f"<v S&#225;, Bianca (Docente)>{said},\ncerto?</v>\n\n"
        for n, said in enumerate(SAID[:3])
    )
).encode()
ROLLED = srt(
    [
        part
        for n, said in enumerate(SAID[:5])
        for part in (
            (1_000 + 2_000 * n, 2_990 + 2_000 * n, f"{SAID[n - 1]}\n{said}" if n else said),
            (2_990 + 2_000 * n, 3_000 + 2_000 * n, said),
        )
    ]
)
CPP = json.dumps(
    {
        "transcription": [
            {"offsets": {"from": 5_000 * n, "to": 5_000 * n + 4_000}, "text": f" {said}"} for n, said in enumerate(SAID)
        ]
    }
)
TSV = "start\tend\ttext\n" + "".join(f"{5_000 * n}\t{5_000 * n + 4_000}\t{said}\n" for n, said in enumerate(SAID))

CAPTIONS: list[tuple[str, bytes, float | None, int, float]] = [  # case, file, length, cues, second of the first one
    ("p01-highlighted-words", LIT, None, 6, 3.0),
    ("p03-clock-of-the-editor, 1 h", srt(spoken(from_ms=3_604_000)), 80, 12, 4.0),
    ("p03-clock-of-the-editor, 10 h", srt(spoken(from_ms=36_004_000)), 80, 12, 4.0),
    ("p04-hundredths-of-seconds", HUNDREDTHS.encode(), None, 12, 0.96),
    ("p06-frames-in-timecode", FRAMES.encode(), None, 12, 12.4),
    ("p07-joined-hls-segments", JOINED, None, 12, 0.5),
    ("p08-zoom-speakers", ZOOM, None, 12, 4.0),
    ("p28-teams-vtt", TEAMS, None, 3, 3.12),
    ("p29-converted-rolling", ROLLED, None, 5, 1.0),
    ("p30-refused-formats, whisper.cpp", CPP.encode(), None, 12, 0.0),
    ("p30-refused-formats, TSV", TSV.encode(), None, 12, 0.0),
]


@pytest.mark.parametrize(
    ("data", "duration_s", "cues", "first_s"), [case[1:] for case in CAPTIONS], ids=[case[0] for case in CAPTIONS]
)
def test_reported_captions_give_the_words_said_at_their_second(
    data: bytes, duration_s: float | None, cues: int, first_s: float
) -> None:
    captions = on_clock(data, duration_s=duration_s)

    words = [one.text.replace(", certo?", "") for one in captions.cues]
    assert words == list(SAID[:cues])
    assert captions.cues[0].start_s == pytest.approx(first_s, abs=0.5)
    assert not any(name in str(captions) for name in ("Bianca", "Caio", "Falante", "3f2b8c1e"))


@pytest.mark.parametrize("hours", [1, 10])
def test_p03_an_editor_s_clock_is_asked_about_where_the_length_is_unknown(hours: int) -> None:
    with pytest.raises(WrongClock, match=f"begins at {hours}:00:04"):
        on_clock(srt(spoken(from_ms=hours * 3_600_000 + 4_000)))


@pytest.mark.parametrize(
    "text",
    [
        "\n".join(f"00:15:{7 + 4 * n:02}:12 {said}" for n, said in enumerate(SAID)),
        "\n\n".join(
            f"00:15:{7 + 4 * n:02}:00 - 00:15:{10 + 4 * n:02}:12\nFalante 1\n{said}" for n, said in enumerate(SAID)
        ),
    ],
    ids=["p30-refused-formats, timecode and words", "p30-refused-formats, premiere"],
)
def test_p30_text_with_time_codes_is_read_at_its_second_or_refused(text: str) -> None:
    try:
        captions = on_clock(text.encode())
    except NotCaptions as refusal:
        captions = None
        sentence = str(refusal)
    else:
        sentence = ""

    assert sentence.startswith("'aula' ") or captions is not None
    assert captions is None or captions.cues[0].start_s == pytest.approx(907, abs=1)


def test_p09_of_whisper_s_five_files_one_is_taken(tmp_path: Path) -> None:
    for suffix, data in (
        ("srt", srt(spoken())),
        ("vtt", vtt(spoken())),
        ("tsv", TSV.encode()),
        ("txt", b"so palavras"),
    ):
        (tmp_path / f"aula-01.{suffix}").write_bytes(data)
    (tmp_path / "aula-01.json").write_text(json.dumps({"segments": [{"start": 0, "end": 4, "text": SAID[0]}]}))

    order = plan([tmp_path], manifest=None, language="pt-BR", video_url=None)

    assert [source.slug for source in order.sources] == ["aula-01"]


def test_p10_a_downloader_s_names_give_language_and_address(tmp_path: Path) -> None:
    name = "Aula 1 - O perceptron [AbCdEfGhIjK]"
    for language in ("pt", "en"):
        (tmp_path / f"{name}.{language}.vtt").write_bytes(vtt(spoken()))
    (tmp_path / f"{name}.url").write_text("[InternetShortcut]\nURL=https://www.youtube.com/watch?v=AbCdEfGhIjK\n")
    (tmp_path / f"{name}.info.json").write_text(json.dumps({"id": "AbCdEfGhIjK", "title": "Aula 1"}))

    order = plan([tmp_path], manifest=None, language="pt-BR", video_url=None)

    assert len(order.sources) == 2
    assert {source.video_url for source in order.sources} == {"https://www.youtube.com/watch?v=AbCdEfGhIjK"}
    assert len({source.language for source in order.sources}) == 2


ELSEWHERE = {
    "p11-thoughts-in-other-tags": "services/models/test_thoughts.py::test_only_what_is_said_is_left",
    "p11-thoughts-in-other-tags, NO_MATERIAL": (
        "services/models/test_thoughts.py::test_a_verdict_after_thoughts_is_the_verdict"
    ),
    "p13-content-as-list": "services/models/test_servers.py::test_the_text_parts_are_the_answer",
    "p14-finish-reason, upper case": "services/models/test_servers.py::test_a_text_is_whole_in_whatever_letters",
    "p14-finish-reason, on every chunk": "services/models/test_servers.py::test_a_reason_on_every_event_ends_nothing",
    "p15-no-system-role": (
        "services/models/test_servers.py::test_a_server_without_a_system_is_told_in_the_users_turn_and_remembered"
    ),
    "p16-prompt-filtered": "services/models/test_servers.py::test_a_filtered_prompt_is_told_as_that",
    "p17-marks-in-other-forms": "services/citing/test_marks.py::test_a_mark_is_read_in_whatever_form",
    "p19-dotnet-is-no-link": (
        "services/citing/test_words_like_addresses.py::test_a_word_that_looks_like_an_address_stays_in_every_answer"
    ),
    "p21-pooler": "db/test_poolers.py::test_p21_a_transaction_pooler_is_named_in_one_sentence",
    "p22-extension-in-its-own-schema": (
        "db/test_backups.py::test_p22_a_backup_with_extensions_in_a_schema_of_their_own_restores_anywhere"
    ),
    "p23-mention-of-a-classmate": "services/words/test_mentions.py::test_no_id_is_left_in_a_question_that_is_stored",
    "p24-forwarded-question": "bot/discord/test_asking.py::test_a_mention_under_a_forwarded_message_asks_what_it_says",
    "p25-voice-chat-while-away": (
        "bot/discord/test_absence.py::test_every_room_of_a_category_is_read_also_one_in_which_nobody_had_written"
    ),
    "p26-archived-thread-after-a-restart": (
        "bot/discord/test_absence.py::test_p26_a_follow_up_in_a_post_that_was_archived_before_a_restart_is_answered"
    ),
    "p27-picture-without-glyphs": "services/digest/test_charts.py::test_p27_what_the_font_cannot_draw_is_left_out",
}
"""Cases of models, of Discord, of databases and of pictures, which need more than a file."""

REPLIES = {
    "p11, thoughts in brackets": (
        says("[THINK]O aluno quer saber do dropout. Vou citar [1].[/THINK]\nO dropout desliga neurônios [1]."),
        "answered",
    ),
    "p11, thoughts in a tag": (says("<thought>Devo citar [1].</thought>O dropout desliga neurônios [1]."), "answered"),
    "p11, no material": (says("[THINK]O trecho [1] não serve.[/THINK]NO_MATERIAL"), "no_material"),
    "p13, parts": (
        says_parts(
            {"type": "thinking", "thinking": [{"type": "text", "text": "Devo citar [1]"}]},
            {"type": "text", "text": "O dropout desliga neurônios [1]."},
        ),
        "answered",
    ),
    "p14, upper case": (says("O dropout desliga neurônios [1].", finish="STOP"), "answered"),
    "p14, on every chunk": (ends_each("O dropout desliga neurônios [1].", pause_s=2.6), "answered"),
    "p15, no system": (
        refuses(
            has_system,
            sends_json({"error": {"message": "System role not supported"}}, status=400),
            says("O dropout desliga neurônios [1]."),
        ),
        "answered",
    ),
    "p16, filtered": (
        sends_json({"error": {"message": "content management policy", "code": "content_filter"}}, status=400),
        "failed",
    ),
    "p17, assistants": (says("O dropout desliga neurônios no sorteio durante o treino【4:0†source】."), "answered"),
    "p17, citation": (says("O dropout desliga neurônios [citation:1]."), "answered"),
    "p17, hash": (says("O dropout desliga neurônios [#1]."), "answered"),
    "p17, fenced": (says("```markdown\nO dropout desliga neurônios [1].\n```"), "answered"),
}


@pytest.mark.parametrize(("behaviour", "outcome"), REPLIES.values(), ids=REPLIES)
async def test_what_a_student_sees_of_a_reported_reply(desk: Desk, behaviour: Behaviour, outcome: str) -> None:
    desk.write("aula-01", "O dropout desliga neurônios no sorteio durante o treino.")
    await desk.take_in()

    async with (
        fake_model(behaviour) as server,
        ChatModel(LlmConfig(model="m", base_url=server.base_url)) as model,
    ):
        asked = Asked(course=desk.course, text="O que o dropout faz durante o treino?", source="cli")
        [*_, reply] = [part async for part in Asker(desk.pool, desk.retriever, model).ask(asked)]

    assert isinstance(reply, Reply)
    assert reply.answer.outcome == outcome
    assert outcome != "answered" or reply.answer.text.startswith("O dropout desliga neurônios")
    assert not any(word in reply.answer.text for word in ("citar", "THINK", "thought", "NO_MATERIAL", "`", "†"))


@pytest.mark.parametrize("node", ELSEWHERE.values(), ids=ELSEWHERE)
def test_a_case_that_needs_more_than_a_file_has_its_test(node: str) -> None:
    file, _, function = node.partition("::")

    assert f"def {function}(" in (ROOT / "tests" / file).read_text("utf-8")
