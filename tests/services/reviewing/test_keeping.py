"""Keeping what people have written as a verified answer."""

from services.reviewing.keeping import Keeping
from services.search.retrieve import Retriever
from tests.services.conftest import Desk


async def test_passages_are_found_that_support_the_answer_and_not_only_the_question(desk: Desk) -> None:
    desk.write("geral", "Falamos de dropout.")
    desk.write("certa", "O cabo azul, e mais umas palavras depois, para que seja um trecho longo.")
    await desk.take_in()
    keeping = Keeping(desk.pool, Retriever(desk.pool, None))

    found = await keeping.found(desk.course, "o que é dropout?", "É o cabo azul.")

    assert [hit.lecture for hit in found] == ["certa", "geral"]
