"""What an environment has wrong is said of the variable that has it, before anything is asked."""

from pathlib import Path

import pytest

from services.errors import Misconfigured, Refused
from services.models.chat import ChatModel
from services.models.embedder import EmbedderConfig, EmbedderUnavailable, open_embedder
from services.models.http_client import is_address
from services.models.llm import LlmConfig


@pytest.mark.parametrize("variable", ["HTTPS_PROXY", "https_proxy", "ALL_PROXY"])
@pytest.mark.parametrize("value", ["foo://ana:senha@proxy:1", "http://ana:senha@proxy:porta"])
def test_a_proxy_that_is_none_is_named_without_its_password(
    variable: str, value: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(variable, value)

    with pytest.raises(Misconfigured, match=f"A proxy in {variable} cannot be used") as refused:
        ChatModel(LlmConfig(base_url="http://localhost:8000/v1", model="fake"))

    assert "senha" not in str(refused.value)


def test_a_proxy_that_needs_a_package_more_says_which(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ALL_PROXY", "socks5://localhost:1080")

    with pytest.raises(Misconfigured, match=r"A proxy in ALL_PROXY speaks SOCKS.*socksio"):
        ChatModel(LlmConfig(base_url="http://localhost:8000/v1", model="fake"))


def test_certificates_that_cannot_be_read_are_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    no_certificate = tmp_path / "cert.pem"
    no_certificate.write_text("nada")
    for value in (tmp_path / "missing.pem", no_certificate):
        monkeypatch.setenv("SSL_CERT_FILE", str(value))

        with pytest.raises(Misconfigured, match="The certificates of SSL_CERT_FILE cannot be read"):
            ChatModel(LlmConfig(base_url="https://localhost:8000/v1", model="fake"))

    monkeypatch.delenv("SSL_CERT_FILE")
    ChatModel(LlmConfig(base_url="https://localhost:8000/v1", model="fake"))


NO_ADDRESSES = [
    "",
    "localhost:8000/v1",
    "http:/localhost/v1",
    "http://",
    "ftp://localhost/v1",
    "http://ana:s3nha@a:b/v1",
]


@pytest.mark.parametrize("given", NO_ADDRESSES)
def test_what_is_no_address_of_a_server_is_told_by_its_variable(given: str) -> None:
    with pytest.raises(Refused, match=r"^MONITORIA_JUDGE_BASE_URL is no address.*http://localhost:8000/v1\.$") as told:
        ChatModel(LlmConfig(base_url=given, model="fake", address_from="MONITORIA_JUDGE_BASE_URL"))

    assert "s3nha" not in str(told.value)


@pytest.mark.parametrize("given", NO_ADDRESSES[1:])  # none is OpenAI's own
async def test_an_embedding_endpoint_needs_an_address(given: str) -> None:
    config = EmbedderConfig(model="words", backend="openai", base_url=given)

    with pytest.raises(EmbedderUnavailable, match=r"is no address of a server.*MONITORIA_EMBEDDING_BASE_URL") as told:
        async with open_embedder(config):
            pass

    assert "s3nha" not in str(told.value)


@pytest.mark.parametrize("given", ["http://localhost:8000/v1", "https://ana:s3nha@[::1]:8000", "HTTP://Servidor/v1/"])
def test_addresses_are_taken(given: str) -> None:
    assert is_address(given)
