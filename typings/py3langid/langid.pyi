from typing import Self

MODEL_FILE: str

class LanguageIdentifier:
    @classmethod
    def from_model_file(cls, model_file: str) -> Self: ...
    def rank(self, text: str) -> list[tuple[str, float]]: ...
