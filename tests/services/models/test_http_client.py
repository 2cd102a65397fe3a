"""What an environment has wrong is said of the variable that has it, before anything is asked."""

from pathlib import Path

import pytest

from services.errors import Misconfigured
from services.models.chat import ChatModel
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
