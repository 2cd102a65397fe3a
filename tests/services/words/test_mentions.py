"""A question names nobody: ids of people, roles and rooms become neutral words before it is stored."""

import pytest

from db.records import Language
from services.answering.asked import cleaned
from services.words.mentions import without_mentions


@pytest.mark.parametrize(
    ("written", "pt", "en"),
    [
        ("<@123456789012345678> disse", "alguém disse", "someone disse"),  # openabdev/openab#461
        ("<@!123456789012345678> disse", "alguém disse", "someone disse"),  # kevinthedang/discord-ollama#40
        ("<@&123456789012345678> viu?", "um grupo viu?", "a group viu?"),  # openclaw/openclaw#32547
        ("<@123456789012345678|Ana> disse", "alguém disse", "someone disse"),  # openabdev/openab#460
        ("<@120931820938102> falou", "alguém falou", "someone falou"),  # Kav-K/GPTDiscord#83
        ("e (<@280411966126948353>)?", "e (alguém)?", "e (someone)?"),  # 238SAMIxD/discord-ai-bot#19
        ("é com <@!1234567890>", "é com alguém", "é com someone"),  # Nadybot/Nadybot#26
        ("<@123456789012345678>, <@!223456789012345678> e eu", "alguém, alguém e eu", "someone, someone e eu"),
        ("veja <#1082142594567516160>", "veja um canal", "veja a channel"),  # DistroByte/AwF-Bot PR#1
        ("veja <id:browse>", "veja um canal", "veja a channel"),
        ("</ask:123456789012345678> falha", "/ask falha", "/ask falha"),
        ("boa <:joinha:123456789012345678>", "boa :joinha:", "boa :joinha:"),
        ("boa <a:festa:123456789012345678>", "boa :festa:", "boa :festa:"),
        ("https://discord.com/users/123456789012345678 disse", "alguém disse", "someone disse"),
        ("https://ptb.discord.com/channels/1234567890/9876543210/55 diz", "um canal diz", "a channel diz"),
        ("<@123456789012345678><@!223456789012345678> e eu", "alguémalguém e eu", "someonesomeone e eu"),
        ("a < b, <@abc>, <t:1700000000:R>, x[<#>]", "a < b, <@abc>, <t:1700000000:R>, x[<#>]", None),
        ("@everyone e @ana", "@everyone e @ana", None),
    ],
)  # fmt: skip
def test_a_mention_becomes_a_neutral_word(written: str, pt: str, en: str | None) -> None:
    assert without_mentions(written, "pt-BR") == pt
    assert without_mentions(written, "en") == (pt if en is None else en)


@pytest.mark.parametrize("reader", ["pt-BR", "en"])
def test_no_id_is_left_in_a_question_that_is_stored(reader: Language) -> None:
    hidden = "o <@\u200b123456789012345678> e <@!12345678\u00ad9012345678> perguntaram do dropout"

    assert not any(char.isdigit() for char in cleaned(hidden, reader))
