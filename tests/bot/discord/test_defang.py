import re
import time

import pytest

from bot.discord.messages.defang import GAP, harmless, plain, shortened


@pytest.mark.parametrize(
    "hostile",
    [
        "@everyone",
        "@Here",
        "<@1>",
        "<@!1>",
        "<@&1>",
        "<#1>",
        "<t:1:R>",
        "</ban:123>",
        "<a:x:1>",
        "<id:guide>",
        "[a](https://evil.example)",
        "[a](//evil.example)",
        "https://youtu.be@evil.example",
        "discord.gg/abc",
        "HTTPS://DISCORD.COM/invite/abc",
        "`\\`https://evil.example`",
        "[a](\nhttps://evil.example)",
        "# Título",
        "mailto:a@evil.example",
        "<ana@evil.example>",
        "<sound:1:123>",
        "discord.gdiscord.ggg/abc",
        "\u202egnp.exe",
        "> # Título",
        "||segredo||",
    ],
)
def test_what_could_act_is_broken(hostile: str) -> None:
    shown = harmless(f"veja {hostile} aqui\n{hostile}")

    acts = r"@everyone|@here|<@|<#|<t:|</\w+:\d|<a?:\w|<id:|<ana@|<sound|\]\(|https?://|discord\.gg/|mailto:a"
    acts += r"|^(?:> )?# |\u202e|\|\|"
    assert not re.search(acts, shown, re.IGNORECASE | re.MULTILINE)


def test_emphasis_and_code_stay() -> None:
    text = "O **gradiente** some: `a < b` e ```c\nif (a[1] < 2) {}\n```"

    assert harmless(text) == text


def test_plain_text_shows_every_character() -> None:
    assert plain("[x](y) *a*").replace(GAP, "") == r"\[x\]\(y\) \*a\*"


def test_a_shortened_text_ends_between_words() -> None:
    assert shortened("um dois três", 9) == "um dois…"


@pytest.mark.parametrize("unit", ["_", "¹", "a-", "a.b.", "discord.", "a@", "<a@"])
def test_a_model_that_repeats_itself_does_not_keep_us_busy(unit: str) -> None:
    text = (unit * 40_000)[:40_000]
    started = time.thread_time()

    plain(text)

    assert time.thread_time() - started < 3  # a quadratic step takes much longer
