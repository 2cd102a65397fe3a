"""What translates questions promises."""

from typing import Protocol

from services.errors import Unavailable


class TranslatorUnavailable(Unavailable):
    """It cannot translate; the message says why."""


class Translator(Protocol):
    """Gives questions in another language, or nothing where it cannot."""

    def targets(self, source: str) -> tuple[str, ...]:
        """Return the languages, as two-letter codes, that a question in *source* can be translated into."""
        ...

    async def translated(self, text: str, source: str, target: str) -> str:
        """Return *text* in *target*; "" where that is not possible now. It never fails and soon returns."""
        ...
