"""Say in words what the canaries found, for staff and for the digest."""

from db.records import Language
from db.records.learning import JudgeAlert
from services import i18n


def sentence(alert: JudgeAlert, language: Language) -> str:
    """Name model and date: the day is in UTC."""
    date = f"{alert.made_at:%Y-%m-%d}"
    if alert.shift is None:
        return i18n.text("judge.alert.missed", language, model=alert.model, date=date, part=alert.part, n=alert.n)
    points = f"{abs(alert.shift):.1f}"
    shown = points if language == "en" else points.replace(".", ",")
    key = "judge.alert.higher" if alert.shift > 0 else "judge.alert.lower"
    return i18n.text(key, language, model=alert.model, date=date, points=shown, n=alert.n)
