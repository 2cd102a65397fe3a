"""Place texts by meaning: one protocol, with a model on this machine or an endpoint behind it."""

from services.models.embedder.bundled import BUNDLED
from services.models.embedder.endpoint import fields_of
from services.models.embedder.opening import NONE, Configured, EmbedderConfig, configured_name, open_embedder
from services.models.embedder.protocol import Backend, Embedder, EmbedderUnavailable, Identity

__all__ = [
    "BUNDLED",
    "NONE",
    "Backend",
    "Configured",
    "Embedder",
    "EmbedderConfig",
    "EmbedderUnavailable",
    "Identity",
    "configured_name",
    "fields_of",
    "open_embedder",
]
