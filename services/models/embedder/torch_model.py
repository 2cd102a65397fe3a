"""Run a sentence-transformers model; what is slow to import is imported when one is loaded."""

from collections.abc import Sequence
from typing import Any

from services.models.embedder.loading import SentenceModel, load
from services.models.embedder.protocol import Identity

PADDED_TOGETHER = 8
"""
Texts of one batch that are padded to their longest. The library sorts by length first, so 16 questions of the
development set take 14 to 19 % less time than padded all together; 4 and 2 are no better (docs/adr/0005).
"""


class TorchModel:
    """A sentence-transformers model, for the thread of a `LocalEmbedder`; implements `Model`."""

    def __init__(self, model: SentenceModel, identity: Identity) -> None:
        self._model = model
        self._identity = identity

    @property
    def max_tokens(self) -> int | None:
        return self._model.max_seq_length

    def tokens(self, text: str) -> int:
        """
        Count the tokens of a passage, prefix and special tokens included.

        The tokenizer is shared with the thread that encodes. To switch truncation off, as `tokenizer(text)` does,
        changes what that thread gets and makes both counts wrong; a copy keeps 240 MB for E5. So its settings stay,
        and what it truncates is counted too.
        """
        tokenizer = self._model.tokenizer
        backend = getattr(tokenizer, "backend_tokenizer", None)
        if backend is None:  # written in Python: nothing is shared
            return len(tokenizer(self._identity.passage_prefix + text, truncation=False, verbose=False)["input_ids"])
        whole = backend.encode(self._identity.passage_prefix + text)
        own = sum(len(part.ids) - sum(part.special_tokens_mask) for part in (whole, *whole.overflowing))
        return own + tokenizer.num_special_tokens_to_add(pair=False)

    # The prefixes are given explicitly, so that what is stored with the generation is what was used.

    def encode_questions(self, texts: Sequence[str]) -> Any:  # noqa: ANN401 - it is checked by who calls
        prefix = self._identity.query_prefix
        return self._model.encode_query(list(texts), prompt=prefix, batch_size=PADDED_TOGETHER, show_progress_bar=False)

    def encode_passages(self, texts: Sequence[str]) -> Any:  # noqa: ANN401 - it is checked by who calls
        prefix = self._identity.passage_prefix
        return self._model.encode_document(
            list(texts), prompt=prefix, batch_size=PADDED_TOGETHER, show_progress_bar=False
        )


def load_torch(name: str) -> tuple[TorchModel, Identity]:
    """Load the model called *name*: a folder, a hub id, or `bundled-minilm`; raises as `loading.load` does."""
    model, identity = load(name)
    return TorchModel(model, identity), identity
