"""What translation is worth, with a margin, so that no later change loses it in silence."""

from dataclasses import dataclass, replace

import pytest

from services.models.translator import child, is_installed
from services.models.translator.offline import OfflineTranslator
from services.search.retrieve import Retriever
from tests.services.conftest import Desk

PATIENT_S = 60.0


@dataclass(frozen=True)
class Told:
    """A lecture of one sentence, a question in its language, and one in the other."""

    slug: str
    language: str
    says: str
    asked: str
    asked_elsewhere: str


TOLD = (
    Told("bread", "en", "Yeast eats the sugar and gives off gas, so the dough rises before we bake the bread.",
         "why does dough rise?", "por que a massa do pão cresce antes de assar?"),
    Told("tides", "en", "The moon pulls the water of the sea, and twice a day the tide comes in and goes out.",
         "what makes the tide come in?", "o que faz a água do mar subir duas vezes por dia?"),
    Told("bones", "en", "A broken bone heals because new cells build a bridge across the gap within weeks.",
         "how does a broken bone heal?", "como um osso quebrado se cura?"),
    Told("bees", "en", "Bees dance to show the others how far the flowers are and in which direction to fly.",
         "why do bees dance?", "como as abelhas mostram às outras onde estão as flores?"),
    Told("snow", "en", "Every snowflake has six arms because ice freezes into a lattice of hexagons in the cloud.",
         "why has a snowflake six arms?", "por que o floco de neve tem seis pontas?"),
    Told("taxes", "en", "When the government cuts taxes, households spend more and firms hire more workers.",
         "what happens when taxes are cut?", "o que acontece quando o governo corta impostos?"),
    Told("sleep", "en", "During sleep the brain replays the day, and what was learned moves into lasting memory.",
         "what does the brain do during sleep?", "o que o cérebro faz enquanto a gente está dormindo?"),
    Told("bridges", "en", "Cables hold the bridge from above, so that wind may swing the deck without breaking it.",
         "what holds the bridge from above?", "como os cabos seguram a ponte quando bate o vento?"),
    Told("chuva", "pt", "A chuva ácida se forma quando a fumaça das fábricas se mistura com as nuvens.",
         "como se forma a chuva ácida?", "how does smoke from factories mix with clouds and make rain?"),
    Told("sombra", "pt", "Ao meio-dia a sombra é curta porque o sol está bem em cima da nossa cabeça.",
         "por que a sombra é curta ao meio-dia?", "why is the shadow short at noon?"),
    Told("ferrugem", "pt", "O ferro enferruja quando a água e o ar tocam nele, e a tinta serve para impedir isso.",
         "por que o ferro enferruja?", "why does iron rust when water and air touch it?"),
    Told("coração", "pt", "O coração bombeia o sangue pelas artérias, e as veias o trazem de volta para ele.",
         "quem traz o sangue de volta?", "how does blood return to the heart?"),
    Told("juros", "pt", "Quem toma um empréstimo paga juros, e a dívida cresce todo mês que não é paga.",
         "por que a dívida cresce todo mês?", "why does a debt grow every month when you borrow money?"),
    Told("vidro", "pt", "O vidro é feito de areia derretida que esfria tão depressa que não vira cristal.",
         "de que é feito o vidro?", "is glass made of melted sand?"),
    Told("formigas", "pt", "As formigas deixam um cheiro no chão, e as outras seguem o caminho até a comida.",
         "como as formigas acham o caminho da comida?", "how do ants follow the path to the food?"),
    Told("eclipse", "pt", "No eclipse a lua passa na frente do sol e o dia fica escuro por alguns minutos.",
         "o que acontece no eclipse?", "why does the day become dark when the moon passes in front of the sun?"),
)  # fmt: skip


async def share_first(retriever: Retriever, desk: Desk, questions: dict[str, str]) -> float:
    """Return for how many of the questions their lecture is the first hit."""
    first = 0
    for slug, question in questions.items():
        hits = (await retriever.search(course=desk.course, questions=[question])).hits
        first += bool(hits) and hits[0].lecture == slug
    return first / len(questions)


@pytest.mark.skipif(
    not is_installed(), reason="the extra `translate` has no package for this machine (Linux on ARM has none)"
)
async def test_translation_finds_the_other_language_and_costs_nothing_in_the_own(desk: Desk) -> None:
    for one in TOLD:
        desk.write(one.slug, one.says)
    spoken = {one.slug: one.language for one in TOLD}
    await desk.take_in([replace(source, language=spoken[source.slug]) for source in desk.plan().sources])
    package = child.folder()
    assert package
    translator = OfflineTranslator(package, limit_s=PATIENT_S, first_limit_s=PATIENT_S)
    without, translated = Retriever(desk.pool, None), Retriever(desk.pool, None, translator=translator)
    own = {one.slug: one.asked for one in TOLD}
    elsewhere = {one.slug: one.asked_elsewhere for one in TOLD}

    assert await share_first(without, desk, elsewhere) <= 0.25
    assert await share_first(translated, desk, elsewhere) >= 0.8
    assert await share_first(without, desk, own) == 1
    assert await share_first(translated, desk, own) == 1
    await translator.close()
