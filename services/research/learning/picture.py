"""Draw how a judge fares: what its scores are worth, and how it agrees with staff over the weeks."""

import io
from collections.abc import Mapping, Sequence
from typing import Any

from services.ground.statistics import wilson
from services.research.agreement import JudgeConfiguration
from services.research.learning.reliability import ShareOfMany, by_score, by_week

WIDTH_IN, HEIGHT_IN, DPI = 11.0, 5.2, 140
INK, QUIET, LINE, POINTS, WEEKS = "#1c2320", "#57625d", "#d5dbd8", "#0072b2", "#d55e00"
"""The two colours are Okabe and Ito's (jfly.uni-koeln.de/color), which people with any colour vision tell apart."""
MOST_WEEKS = 26
ROOMY = 16
"""So many weeks have room for `n=` below each."""
NORMALISED = ("0.00", "0.33", "0.67", "1.00")


def png(course: str, configuration: JudgeConfiguration | None) -> bytes:
    """Return the picture; what nothing is known of is said in words, not drawn."""
    import matplotlib as mpl  # noqa: PLC0415 - takes a second, which no other command waits for
    from matplotlib.backends.backend_agg import FigureCanvasAgg  # noqa: PLC0415
    from matplotlib.figure import Figure  # noqa: PLC0415

    settings: Any = mpl  # its types are too wide to check
    with settings.rc_context():
        settings.rcdefaults()  # whatever a file of settings in this folder or at home says
        settings.rcParams.update({"font.family": ["DejaVu Sans"], "font.size": 10, "text.parse_math": False})
        figure: Any = Figure(figsize=(WIDTH_IN, HEIGHT_IN), dpi=DPI, facecolor="white", layout="constrained")
        figure.get_layout_engine().set(w_pad=0.12, h_pad=0.08)
        FigureCanvasAgg(figure)
        left, right = figure.subplots(1, 2, width_ratios=(1, 1.35))
        cases = configuration.cases if configuration else ()
        _reliability(left, by_score(cases))
        _weeks(right, by_week(cases))
        figure.suptitle(f"{course}: the judge ({_name(configuration)}) beside staff", fontsize=13, color=INK)
        file = io.BytesIO()
        figure.savefig(file, format="png", metadata={"Software": None})
    return file.getvalue()


def _name(configuration: JudgeConfiguration | None) -> str:
    if configuration is None:
        return "no judge yet"
    learned = f", configuration {configuration.learned}" if configuration.learned else ""
    return f"{configuration.model}, {configuration.prompt_id or 'no prompt'}{learned}"


def _reliability(axes: Any, scores: Sequence[ShareOfMany]) -> None:  # noqa: ANN401 - matplotlib's types are too wide
    axes.set_title("What a score is worth", color=INK, fontsize=11)
    axes.set_xlabel("the judge's score")
    axes.set_ylabel("share that staff label C (95 %, Wilson)")
    axes.plot([0, 3], [0, 1], color=LINE, linewidth=1.5, zorder=1)
    axes.text(1.15, 0.27, "as good\nas its score", color=QUIET, fontsize=8)  # between two scores, below the line
    for score, share in enumerate(scores):
        _point(axes, score, share, POINTS)
    axes.set_xticks(range(4), [f"{score}\n{normal}" for score, normal in enumerate(NORMALISED)])
    axes.set_xlim(-0.5, 3.5)
    _finish(axes, not any(share.n for share in scores))


def _weeks(axes: Any, weeks: Mapping[str, ShareOfMany]) -> None:  # noqa: ANN401
    axes.set_ylabel("share of equal labels (95 %, Wilson)")
    shown = list(weeks.items())[-MOST_WEEKS:]
    for place, (_, share) in enumerate(shown):
        _point(axes, place, share, WEEKS, says="n={}" if len(shown) <= ROOMY else "{}")
    every = max(1, len(shown) // 8)
    ticks = range(0, len(shown), every)
    axes.set_xticks(ticks, [shown[place][0] for place in ticks], rotation=30, ha="right", fontsize=8)
    axes.set_xlim(-0.7, max(len(shown), 4) - 0.3)
    n, equal = sum(share.n for _, share in shown), sum(share.part for _, share in shown)
    if n:
        axes.axhline(equal / n, color=LINE, linewidth=1.5, zorder=1)
    of_all = f" (all: {100 * equal / n:.0f} % of n={n})" if n else ""
    axes.set_title(f"Agreement with staff, week by week{of_all}", color=INK, fontsize=11)
    _finish(axes, not shown)


def _point(axes: Any, at: float, share: ShareOfMany, colour: str, *, says: str = "n={}") -> None:  # noqa: ANN401
    """Draw a share with its interval and, below, what it was counted on; nothing of nothing."""
    value, interval = share.value, wilson(share.part, share.n)
    if value is None or interval is None:
        return
    axes.plot([at, at], interval, color=colour, linewidth=2, alpha=0.55, solid_capstyle="round", zorder=2)
    axes.plot([at], [value], marker="o", markersize=7, color=colour, zorder=3)
    axes.text(at, -0.075, says.format(share.n), ha="center", color=QUIET, fontsize=7)


def _finish(axes: Any, is_empty: bool) -> None:  # noqa: ANN401, FBT001 - a word on the picture follows from it
    axes.set_ylim(-0.12, 1.06)
    axes.set_yticks([0, 0.25, 0.5, 0.75, 1], ["0 %", "25 %", "50 %", "75 %", "100 %"])
    axes.grid(axis="y", color=LINE, linewidth=0.6)
    axes.set_axisbelow(True)
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
    axes.tick_params(colors=QUIET)
    if is_empty:
        axes.text(0.5, 0.5, "no labels of staff to compare yet", ha="center", color=QUIET, transform=axes.transAxes)
