"""One noun, one name: what a class is called tells which of all classes is meant."""

import ast
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parent.parent


def classes() -> Iterator[tuple[str, str]]:
    """Yield each public class of the sources, with the module that defines it."""
    for package in ("bot", "services", "db"):
        for path in sorted((ROOT / package).rglob("*.py")):
            for node in ast.walk(ast.parse(path.read_text("utf-8"))):
                if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                    yield node.name, str(path.relative_to(ROOT))


def test_no_two_classes_share_a_name() -> None:
    where = defaultdict[str, list[str]](list)
    for name, module in classes():
        where[name].append(module)

    assert {name: modules for name, modules in where.items() if len(modules) > 1} == {}
