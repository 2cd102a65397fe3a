"""How much a model's likeness counts beside the words of a question: what is known before a course is calibrated."""

from pathlib import PurePath

from db.records import Generation
from services.models.embedder import Identity

KNOWN_WEIGHTS = {
    "universal-sentence-encoder-multilingual-3": {"*": 1.0, "other": 1.3},
    "multilingual-e5-small": {"*": 2.0, "other": 2.6},
}
"""
Weights of likeness, beside 1 for all words of a question, that were chosen on data: docs/retrieval.md. By the last part
of the model's name, which a hub id and a folder of the same model share.
"""

UNPROVEN_WEIGHT = 0.05
"""What a model that nobody measured starts with: it may fill in, hardly reorder. `eval --calibrate` earns it more."""


def is_unproven(generation: Generation) -> bool:
    """Tell whether nobody has measured yet what this model is worth beside the search by words."""
    return generation.dense_weights == {"*": UNPROVEN_WEIGHT}


def first_weights(identity: Identity) -> dict[str, float]:
    return KNOWN_WEIGHTS.get(PurePath(identity.model).name, {"*": UNPROVEN_WEIGHT})
