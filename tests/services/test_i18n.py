import re
from pathlib import Path
from string import Formatter

import pytest

from db.records import Language
from services.errors import Broken
from services.i18n import catalogue, text

ROOT = Path(__file__).parents[2]


def fields(template: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(template) if name}


def test_both_languages_have_the_same_texts_with_the_same_fields() -> None:
    english, portuguese = catalogue("en"), catalogue("pt-BR")

    assert english.keys() == portuguese.keys()
    assert {key: fields(english[key]) for key in english} == {key: fields(portuguese[key]) for key in english}


def test_no_text_is_unused() -> None:
    source = "\n".join(
        file.read_text("utf-8") for folder in ("bot", "services") for file in (ROOT / folder).rglob("*.py")
    )

    # An option of a command is named where it is declared; its description's key follows from its name's.
    asked = {
        key for key in catalogue("en") if f'"{key}"' in source or f'="{key.removesuffix("_description")}"' in source
    }
    assert catalogue("en").keys() - asked == set()


def test_every_text_that_is_asked_for_exists() -> None:
    source = "\n".join(
        file.read_text("utf-8") for folder in ("bot", "services") for file in (ROOT / folder).rglob("*.py")
    )

    assert set(re.findall(r'i18n\.text\(\s*"([^"]+)"', source)) <= catalogue("en").keys()


def test_fields_are_filled_in() -> None:
    assert "1600" in text("question.too_long", "pt-BR", length=1600, limit=1500)


@pytest.mark.parametrize(("key", "given"), [("no.such", {}), ("question.too_long", {"length": 1})])
def test_a_missing_text_or_field_is_our_mistake(key: str, given: dict[str, object]) -> None:
    with pytest.raises(Broken):
        text(key, "en", **given)


@pytest.mark.parametrize("language", ["pt-BR", "en"])
def test_a_schedule_for_one_o_clock_and_one_student_has_no_plural(language: Language) -> None:
    said = text(
        "digest.scheduled", language, course="Redes", day="-", hour=1, zone="UTC", where="-", emails="-", askers=1
    )

    assert not re.search(r"às 1\b|1 estudantes|1 students", said)
