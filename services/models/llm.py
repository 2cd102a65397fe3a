"""Which language model to ask, and where."""

from dataclasses import dataclass, field

OPENAI = "https://api.openai.com/v1"


@dataclass(frozen=True, slots=True, kw_only=True)
class LlmConfig:
    """Which model to ask, and where."""

    model: str
    base_url: str = OPENAI
    api_key: str | None = field(default=None, repr=False)
    # The settings that an operator would correct; how they are called makes no other model.
    address_from: str = field(default="OPENAI_BASE_URL", compare=False)
    key_from: str = field(default="OPENAI_API_KEY", compare=False)
    model_from: str = field(default="MONITORIA_ANSWER_MODEL", compare=False)
    is_proven: bool = field(default=True, compare=False)  # to mark where its thoughts begin, if it writes any
