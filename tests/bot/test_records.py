"""Of the database, only its records reach `bot`: as names, as fields, as what a service takes or returns."""

import ast
import importlib
import inspect
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args, get_type_hints

BOT = Path(__file__).parent.parent.parent / "bot"


def imported() -> Iterator[tuple[str, object]]:
    """Yield what the modules of `bot` take from `services`, with a word on who does: of a module, what is named."""
    for path in sorted(BOT.rglob("*.py")):
        tree = ast.parse(path.read_text("utf-8"))
        for node in ast.walk(tree):
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("services"):
                for alias in node.names:
                    yield from named(tree, node.module or "", alias, str(path.relative_to(BOT)))


def named(tree: ast.Module, module: str, alias: ast.alias, where: str) -> Iterator[tuple[str, object]]:
    whole = importlib.import_module(module)
    found = getattr(whole, alias.name, None) or importlib.import_module(f"{module}.{alias.name}")
    if not inspect.ismodule(found):
        yield f"{where} -> {module}.{alias.name}", found
        return
    known_as = alias.asname or alias.name
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == known_as:
            yield f"{where} -> {found.__name__}.{node.attr}", getattr(found, node.attr)


def types_in(hint: object) -> Iterator[type]:
    """Yield the classes that an annotation is put together from."""
    if isinstance(hint, type):
        yield hint
    for argument in get_args(hint):
        yield from types_in(argument)


def public(found: type) -> Iterator[object]:
    """Yield the functions that a caller meets in a class."""
    for name, value in vars(found).items():
        if not name.startswith("_") or name == "__init__":
            function = value.fget if isinstance(value, property) else getattr(value, "__func__", value)
            if inspect.isfunction(function):
                yield inspect.unwrap(function)


def reached(found: object) -> Iterator[type]:
    """Yield the classes that whoever holds *found* can come to without opening anything private."""
    seen, waiting = set[int](), [found]
    while waiting:
        one = waiting.pop()
        if id(one) in seen:
            continue
        seen.add(id(one))
        if inspect.isclass(one):
            yield one
            if not one.__module__.startswith("services"):
                continue
            waiting += public(one)
        if inspect.isclass(one) or inspect.isfunction(one):
            waiting += [kind for hint in get_type_hints(one).values() for kind in types_in(hint)]


def test_of_db_only_records_reach_the_bot() -> None:
    beyond: dict[str, Any] = {}
    for how, found in imported():
        for kind in reached(found):
            if kind.__module__.startswith("db.") and not kind.__module__.startswith("db.records"):
                beyond.setdefault(f"{kind.__module__}.{kind.__name__}", how)

    assert beyond == {}
