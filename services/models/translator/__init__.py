"""Translate questions on this machine, between Portuguese and English, where the package for it is installed."""

from services.models.translator.offline import OfflineTranslator, is_installed, open_translator
from services.models.translator.protocol import Translator, TranslatorUnavailable

__all__ = ["OfflineTranslator", "Translator", "TranslatorUnavailable", "is_installed", "open_translator"]
