"""
A model of E5's architecture with random weights: tiny, and made anew for each run of the tests.

What it is made with is imported by who makes it: collecting the tests would take twice as long.
"""

from pathlib import Path
from typing import Any, cast

WORDS = ("o", "gradiente", "some", "na", "rede", "profunda", "aula", "erro", "peso", "camada", "query", "passage", ":")
SPECIAL = {"bos_token": "<s>", "pad_token": "<pad>", "eos_token": "</s>", "unk_token": "<unk>"}
HIDDEN = 32
MAX_TOKENS = 512


def save_tiny_e5(folder: Path) -> None:
    """Write the model to *folder*, whose name decides about its prefixes."""
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.sentence_transformer.modules import Normalize, Pooling, Transformer

    base = folder.parent / f"{folder.name}-base"
    vocabulary = [*SPECIAL.values(), *WORDS]
    _tokenizer(vocabulary).save_pretrained(str(base))
    _transformer(len(vocabulary)).save_pretrained(str(base))
    transformer: Any = Transformer(str(base))
    transformer.max_seq_length = MAX_TOKENS
    SentenceTransformer(modules=[transformer, Pooling(HIDDEN, "mean"), Normalize()], device="cpu").save(str(folder))


def _tokenizer(vocabulary: list[str]) -> Any:
    from tokenizers import Tokenizer, models, pre_tokenizers, processors
    from transformers import PreTrainedTokenizerFast

    tokenizer: Any = Tokenizer(models.WordLevel({word: at for at, word in enumerate(vocabulary)}, unk_token="<unk>"))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    tokenizer.post_processor = processors.TemplateProcessing(
        single="<s> $A </s>", pair="<s> $A </s> </s> $B </s>", special_tokens=[("<s>", 0), ("</s>", 2)]
    )
    return PreTrainedTokenizerFast(tokenizer_object=tokenizer, model_max_length=MAX_TOKENS, **SPECIAL)


def _transformer(vocabulary: int) -> Any:
    import torch
    from transformers import XLMRobertaConfig, XLMRobertaModel

    cast("Any", torch).manual_seed(5)
    config = XLMRobertaConfig(
        vocab_size=vocabulary,
        hidden_size=HIDDEN,
        num_hidden_layers=2,
        num_attention_heads=4,
        intermediate_size=64,
        max_position_embeddings=MAX_TOKENS + 2,
        pad_token_id=1,
        initializer_range=0.5,  # large, so that texts end up well apart
    )
    return XLMRobertaModel(config)
