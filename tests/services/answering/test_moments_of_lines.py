"""Whether the moment of a line is the one at which its words are said."""

from services.answering.scoping.gathering import moment_about
from services.citing.sentences import sentences
from services.citing.support import rarity
from tests.passages import hit

PASSAGE = hit(
    "Com um lote maior o gradiente fica mais exato?",
    "O mais comum é o ponto de sela, que sobe para uns lados.",
    "Ali o gradiente é quase zero e o treino fica lento, mas existe saída.",
)


def test_a_line_opens_where_its_own_words_are_said_though_the_passage_speaks_of_it_elsewhere() -> None:
    sentence = sentences(PASSAGE)[-1]

    moment = moment_about("gradiente", sentence, rarity([PASSAGE]))

    assert moment is not None
    assert moment.quote in sentence.text
    assert moment.start_s >= 105


def test_a_quotation_does_not_begin_with_the_sign_of_another_turn() -> None:
    passage = hit(
        ">> Dá pra usar os dois juntos? >> Dá, mas com cuidado, porque o dropout muda a variância do sinal.",
        "- Não, e em geral tem três explicações para isso, como a gente viu na aula passada.",
    )

    assert [one.text[:4] for one in sentences(passage)] == ["Dá p", "Dá, ", "Não,"]
