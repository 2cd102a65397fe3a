"""What the documents say is there."""

import ast
import re
import subprocess
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest
import typer.main

from bot.cli import app
from bot.process.settings import GROUPS

ROOT = Path(__file__).resolve().parent.parent
DOCUMENTS = sorted(
    path for path in (*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), ROOT / "samples" / "README.md") if path.is_file()
)
OF_TODAY = [path for path in DOCUMENTS if path.parent.name != "adr"]  # a decision tells of its own day
README = (ROOT / "README.md").read_text("utf-8")
OF_OTHERS = {"HF_HUB_OFFLINE", "HF_HOME", "PGPASSWORD", "POSTGRES_PASSWORD", "TORCH_INDEX"}
OF_TESTS = {"MONITORIA_TEST_DSN", "MONITORIA_CHAOS", "MONITORIA_PLAYS"}
OF_ALL = {"ground", "i18n", "errors"}  # rooms that every other may ask; the picture does not draw their arrows
NOT_SOURCES = {".git", ".venv", "build", "dist", "__pycache__", ".hypothesis", ".pytest_cache", ".ruff_cache"}

LINK = re.compile(r"(?<!!)\[[^\]\n]*\]\(([^)\s]+)\)")
FENCED = re.compile(r"^```.*?^```", re.DOTALL | re.MULTILINE)
COMMAND = re.compile(r"\bmonitoria(?: (?P<words>[a-z][a-z-]*(?: [a-z][a-z-]*)?))")
PATH = re.compile(r"(?<![\w/.-])(?:bot|services|db|tests|docs|bench|samples|scripts)/[\w./-]*(?<!\.)")
VARIABLE = re.compile(
    r"\b(?:MONITORIA|OPENAI|DISCORD|HF|POSTGRES)_[A-Z_]+\b|\bDATABASE_URL\b|\bPGPASSWORD\b|\bTORCH_INDEX\b"
)


def name(path: Path) -> str:
    return str(path.relative_to(ROOT))


def anchors(document: Path) -> set[str]:
    """The anchors of a document's headings, made as GitHub makes them."""
    text = FENCED.sub("", document.read_text("utf-8"))
    headings = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def code(document: Path) -> str:
    """What stands in code, inline or fenced: where a command is meant as one."""
    text = document.read_text("utf-8")
    return "\n".join([*FENCED.findall(text), *re.findall(r"`([^`]+)`", FENCED.sub("", text))])


def settings() -> set[str]:
    return {str(field.validation_alias) for group in GROUPS for field in group.model_fields.values()}


def commands() -> set[str]:
    root = typer.main.get_command(app)
    tops: dict[str, object] = getattr(root, "commands", {})
    below = {f"{top} {sub}" for top, group in tops.items() for sub in getattr(group, "commands", {})}
    return set(tops) | below


def tracked() -> list[Path]:
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],  # noqa: S607 - the git at hand
        cwd=ROOT,
        capture_output=True,
        check=False,
    )
    if listed.returncode == 0:
        found = [ROOT / path for path in listed.stdout.decode().split("\0") if path]
    else:
        found = [*sources(ROOT)]
    return [path for path in found if path.is_file()]


def sources(folder: Path) -> Iterator[Path]:
    """All that is in *folder*, without a look into what other tests fill and empty meanwhile."""
    for path in folder.iterdir():
        if path.name in NOT_SOURCES:
            continue
        if path.is_dir() and not path.is_symlink():
            yield from sources(path)
        else:
            yield path


def texts() -> Iterator[tuple[Path, str]]:
    for path in tracked():
        content = path.read_bytes()
        if b"\0" not in content:
            yield path, content.decode("utf-8", "replace")


def picture() -> dict[str, list[dict[str, set[str]]]]:
    """The floors of the house that docs/architecture.md draws, by package: each room with those that it asks."""
    text = (ROOT / "docs" / "architecture.md").read_text("utf-8").partition("## The house")[2]
    house: dict[str, list[dict[str, set[str]]]] = {}
    for line in FENCED.findall(text)[0].splitlines():
        if package := re.match(r" │ (bot|services|db)/", line):
            house[package[1]] = [{}]
        elif re.match(r" │   [─═]", line):
            next(reversed(house.values())).append({})
        elif room := re.match(r" │   ([a-z0-9]+) +(?:► ([a-z0-9, ]+?) +)?│", line):
            next(reversed(house.values()))[-1][room[1]] = set((room[2] or "").split(", ")) - {""}
    return house


def imported(file: Path) -> set[str]:
    """The rooms of its own package that a file imports."""
    package = file.relative_to(ROOT).parts[0]
    names: list[str] = []
    for node in ast.walk(ast.parse(file.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            names += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            names += [f"{node.module}.{alias.name}" for alias in node.names]
    return {name.split(".")[1] for name in names if name.startswith(f"{package}.")}


@pytest.mark.parametrize("command", ["make demo", "make test"])
def test_the_readme_begins_with_two_commands(command: str) -> None:
    assert f"\n{command}\n" in README


@pytest.mark.parametrize("document", DOCUMENTS, ids=name)
def test_a_link_leads_somewhere(document: Path) -> None:
    for target in LINK.findall(FENCED.sub("", document.read_text("utf-8"))):
        if "://" in target or target.startswith("mailto:"):
            continue
        path, _, anchor = target.partition("#")
        goal = (document.parent / path).resolve() if path else document
        assert goal.exists(), f"{name(document)} links to {target}"
        assert not anchor or anchor in anchors(goal), f"{name(document)} links to {target}"


@pytest.mark.parametrize("document", OF_TODAY, ids=name)
def test_a_command_in_a_document_exists(document: Path) -> None:
    known = commands()
    for found in COMMAND.finditer(code(document)):
        first, _, _ = found["words"].partition(" ")
        assert {first, found["words"]} & known, f"{name(document)} writes {found[0]!r}"


def test_the_readme_shows_every_command() -> None:
    shown = code(ROOT / "README.md")
    groups = {one.partition(" ")[0] for one in commands() if " " in one}

    assert not [one for one in commands() - groups if f"monitoria {one}" not in shown.replace("\n", " ")]


@pytest.mark.parametrize("document", OF_TODAY, ids=name)
def test_a_variable_in_a_document_exists(document: Path) -> None:
    named = set(VARIABLE.findall(document.read_text("utf-8")))

    assert named <= settings() | OF_OTHERS | OF_TESTS


def test_the_readme_has_a_row_for_every_setting() -> None:
    assert settings() == set(re.findall(r"^\| `([A-Z_]+)` \|", README, re.MULTILINE))


def test_every_decision_is_in_the_index_by_its_title() -> None:
    folder = ROOT / "docs" / "adr"
    index = (folder / "README.md").read_text("utf-8")

    for decision in sorted(folder.glob("[0-9]*.md")):
        title = decision.read_text("utf-8").splitlines()[0].partition(". ")[2]
        assert f"| [{decision.name[:4]}]({decision.name}) | {title} |" in index


@pytest.mark.parametrize("package", ["bot", "services"])
def test_the_picture_shows_what_each_room_imports(package: str) -> None:
    for room, asks in {room: asks for floor in picture()[package] for room, asks in floor.items()}.items():
        place = ROOT / package / room
        files = [*place.rglob("*.py")] or [place.with_suffix(".py")]

        assert asks == set[str]().union(*map(imported, files)) - {room} - OF_ALL, room


@pytest.mark.parametrize("package", ["bot", "services"])
def test_the_picture_has_the_floors_that_the_linter_keeps(package: str) -> None:
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["importlinter"]["contracts"]
    layers = next(contract["layers"] for contract in contracts if contract.get("containers") == [package])
    kept = [set(layer.split(" | ")) - OF_ALL for layer in layers]

    assert [set(floor) for floor in picture()[package] if floor] == [floor for floor in kept if floor]


@pytest.mark.parametrize("document", OF_TODAY, ids=name)
def test_a_path_in_a_document_exists(document: Path) -> None:
    for path in PATH.findall(code(document)):
        assert (ROOT / path).exists(), f"{name(document)} names {path}"


def test_the_sentences_to_look_up_are_those_that_are_said() -> None:
    sources = [path for folder in ("bot", "db", "services") for path in sorted((ROOT / folder).rglob("*.py"))]
    said = "\n".join(re.sub(r'"\s*\n\s*f?"', "", path.read_text("utf-8")) for path in sources)
    table = (ROOT / "docs" / "operators.md").read_text("utf-8").partition("| what you read |")[2]
    rows = [line.split("|")[1].strip() for line in table.splitlines()[2:] if line.startswith("|")]
    seen_in_others = {"could not look up effective user ID"}  # PostgreSQL's own words

    assert len(rows) > 20
    for row in rows:
        parts = [part.strip(" ,.") for part in row.split("…")]
        told = [part for part in parts if part and part not in seen_in_others]
        assert max(told, key=len).removeprefix("The database ") in said, row


def test_no_text_names_a_machine_or_a_registry() -> None:
    # Put together here, so that this file does not hold them either.
    folders = [f"/{folder}/" for folder in ("work", "tmp")]
    hosts = [".".join(parts) for parts in (("pypi", "org"), ("pythonhosted", "org"), ("npmjs", "org"))]
    hosts += [".".join(("download", "pytorch", "org")), ".".join(("registry", "hub"))]
    telling = re.compile("|".join([*(rf"(?<![\w.]){folder}" for folder in folders), *map(re.escape, hosts)]))

    assert [f"{name(path)}: {found[0]}" for path, text in texts() for found in telling.finditer(text)] == []


def test_what_the_models_are_told_by_stands_in_the_docs_as_it_is_said() -> None:
    said = (ROOT / "services" / "operation" / "model_checks.py").read_text("utf-8")
    table = (ROOT / "docs" / "operators.md").read_text("utf-8").partition("| it says |")[2].partition("\n\n")[0]
    rows = [line.strip("| ").split(" | ") for line in table.splitlines()[2:]]

    assert len(rows) > 10
    for english, portuguese in rows:
        assert max(english.split("…"), key=len).strip() in said, english
        assert portuguese
