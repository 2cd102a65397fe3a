"""The processes that group a digest's questions, in tests."""

import multiprocessing

from services.digest.topics import finding


def at_hand() -> None:
    """
    Fork them from one process that has loaded scikit-learn, once for this process.

    They give way to all other work; on a busy machine the loading alone would take them half a minute each.
    """
    forking = multiprocessing.get_context("forkserver")
    forking.set_forkserver_preload(
        ["services.digest.topics.grouping", "sklearn.cluster", "sklearn.feature_extraction.text"]
    )
    finding.PROCESSES = forking
