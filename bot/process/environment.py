"""Read the environment once, into what a command opens: the models, the database, the mail."""

from dataclasses import replace

from bot.process.settings import DatabaseSettings, MailSettings, ModelSettings
from services.models import embedder, llm
from services.wiring import Setup


def setup(*, embedding_default: str | None = None) -> Setup:
    """Read the environment; *embedding_default* stands in where it names no embedding model."""
    database, models = DatabaseSettings(), ModelSettings()
    key = models.openai_api_key.get_secret_value() if models.openai_api_key else None
    named = "embedding_model" in models.model_fields_set
    model = models.embedding_model if named or embedding_default is None else embedding_default
    return Setup(
        home=database.home,
        database_url=database.url.get_secret_value() if database.url else None,
        embedder=embedder.EmbedderConfig(
            model=model,
            backend="torch" if model == embedder.BUNDLED else models.embedding_backend,  # no endpoint knows that name
            base_url=models.embedding_base_url or models.openai_base_url,
            api_key=key,
            query_prefix=_prefix(models.embedding_query_prefix),
            passage_prefix=_prefix(models.embedding_passage_prefix),
            query_fields=models.embedding_query_fields,
            passage_fields=models.embedding_passage_fields,
        ),
        answer=llm.LlmConfig(
            base_url=models.openai_base_url or llm.OPENAI, api_key=key, model=models.answer_model, is_proven=False
        )
        if key or models.openai_base_url
        else None,
        judge=_judge(models),
        second_judge=_second_judge(models),
        wants_translation=models.translator == "auto",
        mail=_mail(MailSettings()),
    )


def _prefix(said: str | None) -> str | None:
    """Return what stands before a text; `none` is nothing, and None what the model's name tells."""
    return "" if said == embedder.NONE else said


def _mail(settings: MailSettings) -> tuple[str, str] | None:
    if settings.smtp_url is None or settings.mail_from is None:
        return None
    return settings.smtp_url.get_secret_value(), settings.mail_from


def _judge(models: ModelSettings) -> llm.LlmConfig | None:
    """Return the model that judges: the one that answers, but for what is said otherwise; `none` is none."""
    key = models.judge_api_key or models.openai_api_key
    address = models.judge_base_url or models.openai_base_url
    if models.judge_model == embedder.NONE or not (key or address):
        return None
    return llm.LlmConfig(
        model=models.judge_model or models.answer_model,
        base_url=address or llm.OPENAI,
        api_key=key.get_secret_value() if key else None,
        address_from="MONITORIA_JUDGE_BASE_URL" if models.judge_base_url else "OPENAI_BASE_URL",
        key_from="MONITORIA_JUDGE_API_KEY" if models.judge_api_key else "OPENAI_API_KEY",
        model_from="MONITORIA_JUDGE_MODEL" if models.judge_model else "MONITORIA_ANSWER_MODEL",
    )


def _second_judge(models: ModelSettings) -> llm.LlmConfig | None:
    """Return the model that gives second opinions: the judge's, but for what is said otherwise."""
    judge = _judge(models)
    if judge is None:
        return None
    model, address, key = models.second_judge_model, models.second_judge_base_url, models.second_judge_api_key
    return replace(
        judge,
        model=model or judge.model,
        base_url=address or judge.base_url,
        api_key=key.get_secret_value() if key else judge.api_key,
        address_from="MONITORIA_SECOND_JUDGE_BASE_URL" if address else judge.address_from,
        key_from="MONITORIA_SECOND_JUDGE_API_KEY" if key else judge.key_from,
        model_from="MONITORIA_SECOND_JUDGE_MODEL" if model else judge.model_from,
    )
