"""Count what the bot does, in numbers that name nobody."""

import asyncio
from collections.abc import Callable
from typing import get_args

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector

from db.records import Answer, Outcome

PULSE_S = 1.0


class Metrics:
    """The process's numbers, each by its name in Prometheus; no label holds a person, a place or a text."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)
        self._answers = Counter(
            "monitoria_answers", "Questions answered in Discord.", ["outcome"], registry=self.registry
        )
        for outcome in get_args(Outcome):
            self._answers.labels(outcome)  # so that each is there from the start, as 0
        self._seconds = Histogram(
            "monitoria_answer_seconds",
            "From a question to its stored answer.",
            buckets=(0.25, 0.5, 1, 2, 4, 8, 15, 30, 60),
            registry=self.registry,
        )
        self._lag = Histogram(
            "monitoria_event_loop_lag_seconds",
            "How late the event loop woke up, measured once a second.",
            buckets=(0.005, 0.02, 0.1, 0.25, 0.5, 1, 2.5, 5),
            registry=self.registry,
        )
        self._connected = Gauge(
            "monitoria_gateway_connected", "Whether Discord's gateway is connected and ready.", registry=self.registry
        )
        self._heartbeat = Gauge(
            "monitoria_gateway_heartbeat_seconds",
            "From the last heartbeat to Discord's acknowledgement; NaN while there is none.",
            registry=self.registry,
        )

        self._model = Gauge(
            "monitoria_embedding_model_open",
            "Whether the embedding model that is configured is open; while it is not, searches go by words only.",
            registry=self.registry,
        )
        self._missing = Gauge(
            "monitoria_segments_without_vector",
            "Segments that are found by words only, as of the last look; NaN before the first.",
            registry=self.registry,
        )

    def answered(self, answer: Answer) -> None:
        self._answers.labels(answer.outcome).inc()
        self._seconds.observe(answer.latency_ms / 1000)

    def watch_gateway(self, *, connected: Callable[[], bool], heartbeat_s: Callable[[], float]) -> None:
        """Ask these for the gateway's state, whenever somebody looks."""
        self._connected.set_function(connected)
        self._heartbeat.set_function(heartbeat_s)

    def watch_vectors(self, *, open_: Callable[[], bool], missing: Callable[[], int | None]) -> None:
        """Ask these for the state of the search by meaning, whenever somebody looks."""
        self._model.set_function(open_)
        self._missing.set_function(lambda: float("nan") if (found := missing()) is None else found)

    async def pulse(self) -> None:
        """Measure the event loop until cancelled."""
        loop = asyncio.get_running_loop()
        while True:
            # Anew at each turn: one late wake is counted once, and not by all that follow.
            due_s = loop.time() + PULSE_S
            await asyncio.sleep(PULSE_S)
            self._lag.observe(max(0.0, loop.time() - due_s))
