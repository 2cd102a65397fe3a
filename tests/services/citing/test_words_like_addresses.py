"""What only looks like an address stays; what is one goes; and nothing that stays can be clicked."""

import re

import pytest

from bot.discord.messages.defang import GAP, harmless, plain
from services.citing.citations import resolve
from services.citing.quoting import quoted
from services.citing.without_links import without_links
from tests.passages import hit

WORDS = [
    # Tiny-Giant/Stack-Exchange-Editor-Toolkit#19, shd101wyy/markdown-preview-enhanced#970, MicrosoftDocs/feedback#2682
    "O ASP.NET Core monta o pipeline.", "No VB.NET é igual.", "ADO.NET e ML.NET.", "O System.Net cuida disso.",
    "asp.net e vb.net, como a legenda escreve", "a Paint.NET", "use ASP.NET/MVC hoje", "C#.NET, F#.NET",
    # calls and attributes of code that somebody forgot to mark
    "chame self.net(x) aqui", "o self.net do PyTorch", "model.net recebe x", "this.net = rede", "args.com e cfg.org",
    "tf.io lê o arquivo", "nn.app é outro", "use requests.org(x)",
    # names of files: multica-ai/multica#4245, KempnerInstitute/kempner-computing-handbook#337, zulip/zulip#18897,
    # alexknowshtml/smaug#25, mozilla/bleach#35, daGrevis/mdx_linkify#18, zulip/zulip#2885
    "edite main.py e README.md", "o Program.cs e o Android.mk", "plan.md, CLAUDE.md", "rode somescript.sh",
    "tests/test_markdown.py falha", "coverage.py mede", "lib.rs e main.go", "index.html, app.js, e Node.js",
    # RocketChat/Rocket.Chat#4082, Expensify/App#9329, npm/marky-markdown#146, npm/marky-markdown PR#152,
    # jupyter-book/mystmd PR#940, deltachat/message-parser#33
    "abra o README.md", "ThisIsATest.md", "*Readme.md*", "o campo user.name", "my_script.py", "baixe myFile.zip",
    # other points between words
    "fim da frase.Outra começa", "p.ex. isto", "e.g. that", "versão 3.11.2", "v1.2.io", "às 10.30", "java.net.URL",
]  # fmt: skip
ADDRESSES = [
    "https://evil.example/x", "http://asp.net", "https://ASP.NET/x", "www.asp.net", "pytorch.org", "evil.com/abc",
    "HTTPS://EVIL.EXAMPLE", "docs.python.org/3/", "uni.br", "sub.evil.net", "youtu.be/abc", "bit.ly/3x",
]  # fmt: skip


@pytest.mark.parametrize("text", WORDS)
def test_a_word_that_looks_like_an_address_stays_in_every_answer(text: str) -> None:
    assert without_links(text) == text
    assert resolve(text, []).text == text
    assert harmless(text).replace(GAP, "") == text
    assert plain(text).replace(GAP, "").replace("\\", "") == text


@pytest.mark.parametrize("text", WORDS)
def test_nothing_that_stays_can_be_clicked(text: str) -> None:
    shown = harmless(text)

    assert not re.search(r"https?://|\w\.(?:com|net|org|edu|gov|br)(?![\w-])", shown, re.IGNORECASE)


@pytest.mark.parametrize("address", ADDRESSES)
def test_an_address_goes(address: str) -> None:
    assert without_links(f"Veja {address} agora") == "Veja agora"


def test_what_is_shown_twice_is_broken_once() -> None:
    assert (
        harmless(harmless("O ASP.NET Core"))
        == harmless("O ASP.NET Core")
        == f"O ASP{GAP}.NET Core".replace(f"{GAP}.", f".{GAP}")
    )


def test_code_can_still_be_copied() -> None:
    assert harmless("rode `self.net(x)` e ```py\nmodel.net\n```") == "rode `self.net(x)` e ```py\nmodel.net\n```"


def test_a_passage_with_such_a_word_can_be_quoted() -> None:
    passage = hit(
        "O ASP.NET Core monta o pipeline no arquivo Program.cs antes de iniciar.",
        "No VB.NET a ideia é a mesma, e o System.Net cuida das conexões.",
    )

    draft = quoted("Onde o ASP.NET Core monta o pipeline?", [passage], "pt")

    assert draft is not None
    assert "«O ASP.NET Core monta o pipeline no arquivo Program.cs antes de iniciar." in draft
