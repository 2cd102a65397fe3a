"""Names of speakers go, in the forms that programs write; what a lecturer announces with a colon stays."""

from collections.abc import Sequence

import pytest

from services.lectures.captions import Captions, read

WORDS: tuple[str, ...] = (
    "o gradiente some quando a rede é muito profunda",
    "a porta de esquecimento decide o que fica",
    "e isso vale para toda rede recorrente",
    "professora, e o dropout?",
    "o dropout desliga neurônios no sorteio",
    "a convolução desliza um filtro pequeno",
    "a taxa alta faz a perda oscilar",
    "a atenção pesa cada palavra",
)


def captions(lines: Sequence[str], *, keep_names: bool = False) -> Captions:
    cues = (f"00:00:{5 * n:02}.000 --> 00:00:{5 * n + 4:02}.000\n{line}\n" for n, line in enumerate(lines))
    return read(("WEBVTT\n\n" + "\n".join(cues)).encode(), name="a.vtt", keep_names=keep_names)


def texts(lines: Sequence[str], *, keep_names: bool = False) -> list[str]:
    return [cue.text for cue in captions(lines, keep_names=keep_names).cues]


EVERY_CUE = [
    # (what stands before the words of each cue, in turn; source)
    (["Caio Nogueira Lins: ", "Prof. Helena Prado: "], "vanderbilt-data-science/brightspace-skills-suite#19"),
    (["Christina: ", "Bob: "], "gnurio/where-did-we-land#1"),
    (["Prado, Helena (Docente): ", "Lins, Caio <aluno>: "], "onyx-dot-app/onyx#14861"),
    (["[SPEAKER_00]: ", "[SPEAKER_01]: "], "m-bain/whisperX#801"),
    (["SPEAKER_00: ", "SPEAKER_01: "], "m-bain/whisperX#197"),
    (["[SPEAKER_00] ", "[SPEAKER_01] "], "m-bain/whisperX#133"),
    (["(speaker 0) ", "(speaker 1) "], "ggml-org/whisper.cpp#1031"),
    (["[Speaker 1] ", "[Speaker 2] "], "thewh1teagle/vibe#946"),
    (["Speaker 1: ", "Speaker 2: "], "wassgha/rescript#99"),
    (["(Speaker_01)\n", "(Speaker_02)\n"], "absadiki/subsai#117"),
    (["Спикер №1: ", "Спикер №2: "], "dubr1k/GigaAMGUI#37"),
    (["<v Prado, Helena>", "<v Caio Lins>"], "glut23/webvtt-py#55"),
    (["**Helena Prado**: ", "**Caio**: "], "handley-lab/mcp-handley-lab#281"),
    ([">> HELENA PRADO: ", ">> CAIO: "], "bradautomates/claude-video#182"),
    (["MARIA DA SILVA: ", "JOÃO DE SOUZA: "], "SubtitleEdit/subtitleedit#3318"),
    (["Falante 1: ", "Falante 2: "], "SubtitleEdit/subtitleedit#2160"),
    (["Ana's iPhone: ", "Helena (she/her): "], "sendrec/sendrec#158"),
    (["maria eduarda: ", "ana.silva@ufmg.br: "], "vanderbilt-data-science/brightspace-skills-suite#19"),
    (["김민수: ", "李华: "], "karolswdev/HoldSpeak#44"),
]


@pytest.mark.parametrize(("before", "_source"), EVERY_CUE, ids=[source for _, source in EVERY_CUE])
def test_a_name_in_every_cue_goes(before: list[str], _source: str) -> None:
    lines = [f"{before[n % 2]}{words}" for n, words in enumerate(WORDS)]

    assert texts(lines) == list(WORDS)


def test_a_guest_who_speaks_once_goes_where_every_cue_has_a_name() -> None:
    lines = [f"Helena Prado: {words}" for words in WORDS]
    lines[3] = f"Bia: {WORDS[3]}"

    assert texts(lines) == list(WORDS)
    assert captions(lines).repairs == ("names of speakers left out: 8, of 2 speakers",)


def test_a_name_that_comes_with_each_turn_goes() -> None:
    """Meetings whose programs name a speaker only where he changes."""
    lines: list[str] = list(WORDS)
    lines[0], lines[3], lines[4] = f"Helena Prado: {WORDS[0]}", f"Caio Lins: {WORDS[3]}", f"Helena Prado: {WORDS[4]}"

    assert texts(lines) == list(WORDS)


def test_two_speakers_in_one_cue_go_both() -> None:
    lines = [f"Helena: {words}" for words in WORDS]
    lines[3] = "Caio: e o dropout?\nHelena: já explico"

    assert texts(lines)[3] == "e o dropout? já explico"


@pytest.mark.parametrize(
    "announced",
    [
        "Exemplo: uma rede de duas camadas", "Teorema 1: toda função contínua", "Pergunta: por que some?",
        "Nota: o expoente é negativo", "Passo 2: derive a perda", "Definição: um tensor é uma caixa",
        "Warning: this is hard", "Question: why does it vanish?", "On the question you raised: we already saw it",
        "O resultado é esse: zero", "e aí ele disse: não some", "LSTM: a célula de memória", "Às 10:30 a gente volta",
        "http://exemplo.org: veja", "3: o terceiro caso", "Ejemplo: una red", "Beispiel: ein Netz",
    ],
)  # fmt: skip
@pytest.mark.parametrize("often", [1, 3])
def test_what_a_lecturer_announces_stays(announced: str, often: int) -> None:
    """margince/margince#2962, pannal/Sub-Zero.bundle#542: prose with a colon is no transcript of a meeting."""
    lines = [*WORDS, *([announced] * often)]

    assert texts(lines)[-1] == announced


def test_a_lecture_that_announces_all_the_time_keeps_its_words() -> None:
    lines = ["Exemplo: um", "Teorema 1: dois", "Nota: três", "Pergunta: por quê?", "Passo 3: fim", "Exemplo: outro"]

    assert texts(lines) == lines


def test_what_is_announced_stays_beside_names_that_go() -> None:
    lines = [f"Helena Prado: {words}" for words in WORDS]
    lines[2] = "Teorema 1: isso vale sempre"

    assert texts(lines)[2] == "Teorema 1: isso vale sempre"


def test_a_prefix_too_seldom_to_tell_is_kept_and_asked_about() -> None:
    lines = [*WORDS, "Rede Neural: um grafo de contas"]

    assert texts(lines)[-1] == "Rede Neural: um grafo de contas"
    assert captions(lines).repairs == (
        "lines that begin with what may be a name and a colon, too seldom to tell, kept: 1",
    )


def test_teams_names_its_cues_and_its_speakers_and_both_go() -> None:
    guid = "0c6b9d1e-5f40-4c0a-9b1c-6f2d7a8e9f00"
    text = (
        f"WEBVTT\n\n{guid}/31-0\n00:00:03.120 --> 00:00:07.480\n<v Prado, Helena (Docente)>o gradiente some\n"
        f"quando a rede é funda</v>\n\n{guid}/31-1\n00:00:07.480 --> 00:00:11.000\n"
        "<v Lins, Caio &lt;aluno&gt;>e o dropout?</v>\n"
    )

    assert [cue.text for cue in read(text.encode(), name="a.vtt").cues] == [
        "o gradiente some quando a rede é funda",
        "e o dropout?",
    ]


def test_a_subject_in_capitals_that_comes_twice_is_no_person() -> None:
    lines = [*WORDS, "Random Forest: many trees", "Random Forest: each on a sample"]

    assert texts(lines) == lines


def test_no_report_names_anybody() -> None:
    repairs = captions([f"Helena Prado: {words}" for words in WORDS]).repairs

    assert "Helena" not in " ".join(repairs)


def test_names_stay_where_a_person_wants_them() -> None:
    assert texts(["Helena Prado: oi"] * 4, keep_names=True)[0] == "Helena Prado: oi"


def test_names_in_text_with_marks_go() -> None:
    """Otter and Google Meet: the name beside the mark, or before the words."""
    otter = "Helena Prado  0:05\no gradiente some\n\nCaio Lins  0:12\ne o dropout?\n\nHelena Prado  0:20\njá explico\n"
    meet = "".join(f"[00:00:{5 * n:02}] **Helena Prado:** {words}\n" for n, words in enumerate(WORDS))
    rev = "".join(f"Speaker 1 (00:{5 * n:02}):\n{words}\n\n" for n, words in enumerate(WORDS))

    assert [cue.text for cue in read(otter.encode(), name="a").cues] == [
        "o gradiente some",
        "e o dropout?",
        "já explico",
    ]
    assert [cue.text for cue in read(meet.encode(), name="a").cues] == list(WORDS)
    assert [cue.text for cue in read(rev.encode(), name="a").cues] == list(WORDS)


BARE = {
    "in brackets": "[{name}] {words}",
    "in round brackets, ggml-org/whisper.cpp PR#1031": "({name}) {words}",
    "with a dash": "{name} - {words}",
    "above the words, absadiki/subsai#117": "{name}\n{words}",
    "a wide colon": "{name}：{words}",
}


@pytest.mark.parametrize("form", BARE.values(), ids=BARE)
def test_a_name_without_a_colon_goes_where_half_of_the_cues_have_one(form: str) -> None:
    names = ("Caio Lins", "Bianca Sá")
    lines = [form.format(name=names[at % 2], words=words) for at, words in enumerate(WORDS)]

    assert texts(lines) == list(WORDS)
    assert "Caio" in texts(lines, keep_names=True)[0]


@pytest.mark.parametrize("form", list(BARE.values())[:-1], ids=list(BARE)[:-1])
def test_words_that_look_like_names_stay_where_they_do_not_recur(form: str) -> None:
    lines = [form.format(name=f"Rede {words.split()[1].title()}", words=words) for words in WORDS]

    assert "Rede" in texts([*lines, *WORDS])[0]
