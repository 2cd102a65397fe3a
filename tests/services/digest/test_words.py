from datetime import date

import pytest

from db.records import Language
from services.digest.page import words
from services.digest.page.words import NO_DATA, Kind
from services.digest.report import Figure


@pytest.mark.parametrize(
    ("value", "decimals", "portuguese", "english"),
    [
        (0, 0, "0", "0"),
        (-0.001, 2, "0,00", "0.00"),
        (1_234_567.891, 2, "1.234.567,89", "1,234,567.89"),
        (-3, 0, "−3", "−3"),
    ],
)
def test_a_number_has_the_marks_of_its_language(value: float, decimals: int, portuguese: str, english: str) -> None:
    assert words.number(value, "pt-BR", decimals) == portuguese
    assert words.number(value, "en", decimals) == english


@pytest.mark.parametrize(
    ("share", "written"),
    [
        (0, "0%"),
        (0.004, "<1%"),
        (0.005, "<1%"),
        (0.006, "1%"),
        (0.5, "50%"),
        (0.994, "99%"),
        (0.9999, ">99%"),
        (1, "100%"),
    ],
)
def test_only_nothing_is_0_percent_and_only_all_is_100(share: float, written: str) -> None:
    assert words.percent(share, "en") == written


@pytest.mark.parametrize(
    ("seconds", "portuguese", "english"),
    [
        (0, "0,0 s", "0.0 s"),
        (9.94, "9,9 s", "9.9 s"),
        (9.96, "10 s", "10 s"),
        (59.4, "59 s", "59 s"),
        (59.6, "1 min", "1 min"),
        (3_569, "59 min", "59 min"),
        (3_590, "1 h", "1 h"),
        (3_900, "1 h 5 min", "1 h 5 min"),
        (86_399, "1 dia", "1 day"),
        (86_400, "1 dia", "1 day"),
        (200_000, "2 dias 8 h", "2 days 8 h"),
    ],
)
def test_a_duration_is_told_in_its_largest_units(seconds: float, portuguese: str, english: str) -> None:
    assert words.duration(seconds, "pt-BR") == portuguese
    assert words.duration(seconds, "en") == english


@pytest.mark.parametrize(
    ("first", "last", "portuguese", "english"),
    [
        (date(2026, 11, 16), date(2026, 11, 22), "16 a 22 de novembro de 2026", "16–22 November 2026"),
        (date(2026, 6, 1), date(2026, 6, 7), "1º a 7 de junho de 2026", "1–7 June 2026"),
        (
            date(2026, 8, 31),
            date(2026, 9, 6),
            "31 de agosto a 6 de setembro de 2026",
            "31 August – 6 September 2026",
        ),
        (
            date(2026, 12, 28),
            date(2027, 1, 3),
            "28 de dezembro de 2026 a 3 de janeiro de 2027",
            "28 December 2026 – 3 January 2027",
        ),
    ],
)
def test_a_week_says_month_and_year_once_where_they_are_the_same(
    first: date, last: date, portuguese: str, english: str
) -> None:
    assert words.span(first, last, "pt-BR") == portuguese
    assert words.span(first, last, "en") == english


@pytest.mark.parametrize(
    ("figure", "kind", "written"),
    [
        (Figure(value=142, before=118), "count", "+24"),
        (Figure(value=2, before=2), "count", "="),
        (Figure(value=0, before=7), "count", "−7"),
        (Figure(value=0.8732, before=0.8559), "share", "+1 p.p."),  # written as 87% and 86%
        (Figure(value=0.8149, before=0.8151), "score", "−0,01"),  # written as 0,81 and 0,82
        (Figure(value=0.8101, before=0.8099), "score", "="),
        (Figure(value=30, before=5_400), "seconds", "−1 h 30 min"),
        (Figure(value=135, before=105), "seconds", "="),  # both written as 2 min
        (Figure(value=150.2, before=149.8), "seconds", "+1 min"),  # written as 3 min and 2 min
        (Figure(value=9.96, before=9.94), "seconds", "+0,1 s"),  # written as 10 s and 9,9 s
        (Figure(value=0.0751, before=0.0049), "share", "+8 p.p."),  # written as 8% and <1%
        (Figure(value=0.075, before=0), "share", "+8 p.p."),  # written as 8% and 0%
        (Figure(value=None, before=3), "count", NO_DATA),
        (Figure(value=3), "count", NO_DATA),
        (Figure(value=0.0, before=None), "share", NO_DATA),
    ],
)
def test_a_change_is_the_difference_of_what_is_written_and_unknown_is_not_0(
    figure: Figure, kind: Kind, written: str
) -> None:
    assert words.changed(figure, kind, "pt-BR") == written


@pytest.mark.parametrize("kind", ["count", "share", "score", "seconds"])
@pytest.mark.parametrize("language", ["pt-BR", "en"])
def test_what_is_unknown_is_written_so(kind: Kind, language: Language) -> None:
    assert words.measured(None, kind, language) == NO_DATA
    assert words.measured(0, kind, language) != NO_DATA


def test_portuguese_takes_the_singular_for_0_and_english_does_not() -> None:
    assert [words.is_singular(count, "pt-BR") for count in (0, 1, 2)] == [True, True, False]
    assert [words.is_singular(count, "en") for count in (0, 1, 2)] == [False, True, False]


@pytest.mark.parametrize(
    ("count", "portuguese", "english"),
    [
        (0, "0", "0"),
        (999, "999", "999"),
        (1_240, "1,2 mil", "1.2 thousand"),
        (999_400, "999 mil", "999 thousand"),
        (999_600, "1,0 milhão", "1.0 million"),
        (1_960_000, "2,0 milhões", "2.0 million"),
    ],
)
def test_nobody_reads_seven_digits(count: int, portuguese: str, english: str) -> None:
    assert words.large(count, "pt-BR") == portuguese
    assert words.large(count, "en") == english


@pytest.mark.parametrize(
    ("amount", "currency", "portuguese", "english"),
    [
        (1_234.5, "BRL", "R$ 1.234,50", "R$1,234.50"),
        (0.001, "USD", "< US$ 0,01", "< $0.01"),
        (0, "EUR", "€ 0,00", "€0.00"),
        (2, None, "2,00", "2.00"),
    ],
)
def test_money_has_its_currency(amount: float, currency: str | None, portuguese: str, english: str) -> None:
    assert words.money(amount, currency, "pt-BR") == portuguese
    assert words.money(amount, currency, "en") == english


def test_what_turns_a_line_around_or_breaks_it_is_taken_out() -> None:
    assert words.visible("a\u202egnp\u061c.exe\r\nBcc: x\u0000") == "agnp.exe Bcc: x"


def test_a_text_is_cut_between_words() -> None:
    assert words.shortened("um dois três", 9) == "um dois…"
    assert words.shortened("x" * 20, 9) == "x" * 8 + "…"
