from typing import Literal, NamedTuple

class ConfidenceInterval(NamedTuple):
    low: float
    high: float

class BinomTestResult:
    def proportion_ci(
        self, confidence_level: float = 0.95, method: Literal["exact", "wilson", "wilsoncc"] = "exact"
    ) -> ConfidenceInterval: ...

def binomtest(k: int, n: int, p: float = 0.5) -> BinomTestResult: ...

class _Distribution:
    def ppf(self, q: float, df: float) -> float: ...
    def cdf(self, x: float, df: float) -> float: ...

t: _Distribution
