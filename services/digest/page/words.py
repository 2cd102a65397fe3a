"""Write numbers, dates, durations and weeks as people write them in Portuguese and in English."""

from datetime import date
from typing import Literal, assert_never

from db.records import Language
from services.digest.report import Figure
from services.ground.text import clean

NO_DATA = "–"
"""What stands where nothing is known, which is not 0."""

MINUS = "−"
Kind = Literal["count", "share", "score", "seconds"]
"""What a figure measures: things, a part of 0 to 1, a mean of scores from 0 to 1, or time."""

PORTUGUESE = str.maketrans(",.", ".,")
MONTHS: dict[Language, tuple[str, ...]] = {
    "pt-BR": (
        "janeiro", "fevereiro", "março", "abril", "maio", "junho",
        "julho", "agosto", "setembro", "outubro", "novembro", "dezembro",
    ),
    "en": (
        "January", "February", "March", "April", "May", "June",
        "July", "August", "September", "October", "November", "December",
    ),
}  # fmt: skip
SIGNS: dict[Language, dict[str, str]] = {
    "pt-BR": {"BRL": "R$ ", "USD": "US$ ", "EUR": "€ "},
    "en": {"BRL": "R$", "USD": "$", "EUR": "€"},
}
LARGE: dict[Language, tuple[str, str, str]] = {
    "pt-BR": ("mil", "milhão", "milhões"),
    "en": ("thousand", "million", "million"),
}
MINUTE_S, HOUR_S, DAY_S = 60, 3_600, 86_400
ARABIC_MARK = {0x061C: None}
"""Turns the direction in which a line is read, as those do that `clean` takes out."""


def visible(text: str) -> str:
    """Return *text* on one line, without what nobody sees or what turns the line around."""
    return clean(text.translate(ARABIC_MARK))


def shortened(text: str, most: int) -> str:
    """Return at most *most* characters of *text*, cut between words where there is one."""
    if len(text) <= most:
        return text
    cut = text[: most - 1]
    space = cut.rfind(" ")
    return (cut[:space] if space > most // 2 else cut).rstrip() + "…"


def is_singular(count: float, language: Language) -> bool:
    """Say whether *count* takes the singular: 1 does, in Portuguese 0 as well."""
    return count == 1 or (language == "pt-BR" and count == 0)


def number(value: float, language: Language, decimals: int = 0) -> str:
    """
    Write a number with marks at the thousands and a proper minus sign.

    >>> number(1234.5, "pt-BR", 1), number(-1234.5, "en", 1)
    ('1.234,5', '−1,234.5')
    """
    written = f"{round(value, decimals) + 0.0:,.{decimals}f}".replace("-", MINUS)
    return written.translate(PORTUGUESE) if language == "pt-BR" else written


def percent(share: float, language: Language) -> str:
    """
    Write a part of 0 to 1 in whole percent; what is not quite nothing or not quite all does not become so.

    >>> percent(0.874, "en"), percent(0.001, "en"), percent(0.999, "en")
    ('87%', '<1%', '>99%')
    """
    whole = round(share * 100)
    if whole == 0 < share:
        return "<1%"
    if whole == 100 and share < 1:
        return ">99%"
    return f"{number(whole, language)}%"


def duration(seconds: float, language: Language) -> str:
    """
    Write how long something took, in the one or two largest units.

    >>> duration(2.44, "pt-BR"), duration(12_000, "en"), duration(273_600, "pt-BR")
    ('2,4 s', '3 h 20 min', '3 dias 4 h')
    """
    told_s = _told_s(seconds)
    if told_s < 10:
        return f"{number(told_s, language, 1)} s"
    if told_s < MINUTE_S:
        return f"{told_s:.0f} s"
    hours, minutes = divmod(round(told_s / MINUTE_S), 60)
    if not hours:
        return f"{minutes} min"
    if hours < 24:
        return f"{hours} h {minutes} min" if minutes else f"{hours} h"
    days, hours = divmod(hours, 24)
    written = f"{number(days, language)} {_days(days, language)}"
    return f"{written} {hours} h" if hours else written


def measured(value: float | None, kind: Kind, language: Language) -> str:
    """Write the value of a figure."""
    if value is None:
        return NO_DATA
    match kind:
        case "count":
            return number(value, language)
        case "share":
            return percent(value, language)
        case "score":
            return number(value, language, 2)
        case "seconds":
            return duration(value, language)
        case _:
            assert_never(kind)


def changed(figure: Figure, kind: Kind, language: Language) -> str:
    """
    Write by how much a figure has changed, with its sign; it is the difference of the values as they are written.

    >>> changed(Figure(value=0.87, before=0.9), "share", "pt-BR"), changed(Figure(value=3), "count", "en")
    ('−3 p.p.', '–')
    """
    if figure.value is None or figure.before is None:
        return NO_DATA
    difference = _told(figure.value, kind) - _told(figure.before, kind)
    size = _size(abs(difference), kind, language)
    if not any(digit in size for digit in "123456789"):
        return "="
    return f"{MINUS if difference < 0 else '+'}{size}"


def money(amount: float, currency: str | None, language: Language) -> str:
    """
    Write an amount with two decimals and its currency.

    >>> money(3.417, "USD", "pt-BR"), money(3.417, "CHF", "en")
    ('US$ 3,42', 'CHF 3.42')
    """
    code = visible(currency or "")
    sign = SIGNS[language].get(code, f"{code} " if code else "")
    if 0 < amount < 0.005:
        return f"< {sign}{number(0.01, language, 2)}"
    return f"{sign}{number(amount, language, 2)}"


def large(count: int, language: Language) -> str:
    """
    Write a number that nobody needs exactly.

    >>> large(1_240_000, "pt-BR"), large(2_300_000, "pt-BR"), large(35_400, "en"), large(812, "en")
    ('1,2 milhão', '2,3 milhões', '35 thousand', '812')
    """
    thousand, one_million, millions = LARGE[language]
    if count < 1_000:
        return number(count, language)
    if round(count / 1_000) < 1_000:
        return f"{number(count / 1_000, language, 1 if count < 10_000 else 0)} {thousand}"
    name = one_million if round(count / 1_000_000, 1) < 2 else millions
    return f"{number(count / 1_000_000, language, 1)} {name}"


def day(when: date, language: Language, *, has_year: bool = True) -> str:
    """
    Write a date.

    >>> day(date(2026, 11, 1), "pt-BR"), day(date(2026, 11, 1), "en", has_year=False)
    ('1º de novembro de 2026', '1 November')
    """
    month = MONTHS[language][when.month - 1]
    if language == "pt-BR":
        written = f"{_day_number(when, language)} de {month}"
        return f"{written} de {when.year}" if has_year else written
    return f"{when.day} {month} {when.year}" if has_year else f"{when.day} {month}"


def span(first: date, last: date, language: Language) -> str:
    """
    Write the days from *first* to *last*, saying month and year once where they are the same.

    >>> span(date(2026, 11, 16), date(2026, 11, 22), "pt-BR"), span(date(2026, 11, 30), date(2026, 12, 6), "en")
    ('16 a 22 de novembro de 2026', '30 November – 6 December 2026')
    """
    if first.year != last.year:
        begin = day(first, language)
    elif first.month != last.month:
        begin = day(first, language, has_year=False)
    else:
        begin = _day_number(first, language)
    end = day(last, language)
    if language == "pt-BR":
        return f"{begin} a {end}"
    return f"{begin}–{end}" if begin.isdigit() else f"{begin} – {end}"


def week(name: str, language: Language) -> str:
    """
    Write the name of a week.

    >>> week("2026-W07", "pt-BR"), week("2026-W47", "en")
    ('semana 7 de 2026', 'week 47 of 2026')
    """
    year, _, counted = name.partition("-W")
    return f"semana {int(counted)} de {year}" if language == "pt-BR" else f"week {int(counted)} of {year}"


def _told(value: float, kind: Kind) -> float:
    """Return *value* as exactly as `measured` writes it; a share in percent."""
    match kind:
        case "count":
            return round(value)
        case "share":
            return round(value * 100)
        case "score":
            return round(value, 2)
        case "seconds":
            return _told_s(value)
        case _:
            assert_never(kind)


def _told_s(seconds: float) -> float:
    """Return *seconds* as exactly as `duration` writes it."""
    if round(seconds, 1) < 10:
        return round(seconds, 1)
    if round(seconds) < MINUTE_S:
        return round(seconds)
    minutes = round(seconds / MINUTE_S)
    return minutes * MINUTE_S if minutes < DAY_S // MINUTE_S else round(seconds / HOUR_S) * HOUR_S


def _size(difference: float, kind: Kind, language: Language) -> str:
    if kind == "share":
        return f"{number(difference, language)} {'p.p.' if language == 'pt-BR' else 'pts'}"
    return measured(difference, kind, language)


def _days(count: int, language: Language) -> str:
    one, many = ("dia", "dias") if language == "pt-BR" else ("day", "days")
    return one if count == 1 else many


def _day_number(when: date, language: Language) -> str:
    return "1º" if when.day == 1 and language == "pt-BR" else str(when.day)
