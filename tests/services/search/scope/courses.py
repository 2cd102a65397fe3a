"""The made-up courses that the tables of phrases are about."""

from datetime import date

from db.records import LectureFacts, LectureId


def course(*lectures: tuple[str, str, str]) -> tuple[LectureFacts, ...]:
    """Make lectures of (slug, title, day or "")."""
    return tuple(
        LectureFacts(
            id=LectureId(place),
            slug=slug,
            title=title,
            held_on=date.fromisoformat(day) if day else None,
        )
        for place, (slug, title, day) in enumerate(lectures, start=1)
    )


TWICE_A_WEEK = course(
    ("aula-01", "Aula 1: O perceptron", "2026-09-01"),
    ("aula-02", "Aula 2: Tensores e broadcasting", "2026-09-03"),
    ("aula-03", "Aula 3: Descida do gradiente", "2026-09-08"),
    ("aula-04", "Aula 4: Retropropagação", "2026-09-10"),
    ("aula-05", "Aula 5: Regularização e dropout", "2026-09-15"),
    ("aula-06", "Aula 6: Batch norm e inicialização", "2026-09-17"),
    ("aula-07", "Aula 7: Redes recorrentes", "2026-09-22"),
    ("aula-08", "Aula 8: LSTM e GRU", "2026-09-24"),
    ("aula-09", "Aula 9: Redes convolucionais", "2026-09-29"),
    ("aula-10", "Aula 10: Arquiteturas", "2026-10-01"),
    ("aula-11", "Aula 11: Atenção", "2026-10-06"),
    ("aula-12", "Aula 12: Transformers", "2026-10-08"),
)
"""Tuesdays and Thursdays, a Brazilian course."""

OVER_NEW_YEAR = course(
    ("lec01", "Lecture 1: Introduction", "2026-12-02"),
    ("lec02", "Lecture 2: Linear models", "2026-12-09"),
    ("lec03", "Lecture 3: Kernels", "2026-12-16"),
    ("lec04", "Lecture 4: Trees", "2027-01-13"),
    ("lec05", "Lecture 5: Boosting", "2027-01-20"),
)
"""Wednesdays, with weeks off."""

MONDAYS = course(
    ("m1", "Lecture 1: Sets", "2026-10-19"),
    ("m2", "Lecture 2: Maps", "2026-10-26"),
    ("m3", "Lecture 3: Relations", "2026-10-31"),
    ("m4", "Lecture 4: Orders", "2026-11-01"),
)
"""One on the Saturday before clocks in New York go back, one on the Sunday on which they do."""

UNNUMBERED = course(
    ("intro", "O que é um modelo", "2026-09-02"),
    ("dados", "Dados e amostras", "2026-09-09"),
    ("erro", "Erro e variância", "2026-09-16"),
)

UNDATED = course(
    ("05-listas", "05 - Listas", ""),
    ("06-pilhas", "06 - Pilhas", ""),
    ("07-filas", "07 - Filas", ""),
)

NAMELESS = course(("a", "Sobre a morte", ""), ("b", "Sobre a vida", ""), ("c", "Sobre o medo", ""))

DOUBLE = course(
    ("w01-lecture", "Week 1: Lecture", "2026-09-01"),
    ("w01-practicum", "Week 1: Practicum", "2026-09-01"),
    ("w02-lecture", "Week 2: Lecture", "2026-09-08"),
    ("w02-practicum", "Week 2: Practicum", "2026-09-08"),
    ("w03-lecture", "Week 3: Lecture", "2026-09-15"),
)

PARTS = course(
    ("aula-1", "Aula 1: Conjuntos", "2026-09-01"),
    ("aula-2a", "Aula 2: Funções (parte 1)", "2026-09-08"),
    ("aula-2b", "Aula 2: Funções (parte 2)", "2026-09-08"),
    ("aula-3", "Aula 3: Limites", "2026-09-15"),
)

COURSES = {
    "twice": TWICE_A_WEEK,
    "new_year": OVER_NEW_YEAR,
    "mondays": MONDAYS,
    "unnumbered": UNNUMBERED,
    "undated": UNDATED,
    "nameless": NAMELESS,
    "double": DOUBLE,
    "parts": PARTS,
}
