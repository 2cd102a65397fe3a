"""What is installed is whole, and the image is what the README promises; `make image-check` runs the image's steps."""

import re
import tomllib
from importlib.metadata import PackageNotFoundError, requires, version
from pathlib import Path
from typing import Any

import pytest

from bot.terminal.demo import samples
from scripts import check_image

ROOT = Path(__file__).resolve().parent.parent
PROJECT: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
DOCKERFILE = (ROOT / "Dockerfile").read_text("utf-8")
COMPOSE = (ROOT / "compose.yaml").read_text("utf-8")
IGNORED = (ROOT / ".dockerignore").read_text("utf-8")


def plain(package: str) -> str:
    """A package's name as it is compared."""
    return re.sub(r"[-_.]+", "-", package).lower()


def pinned() -> dict[str, str]:
    lines = (ROOT / "constraints.txt").read_text("utf-8").splitlines()
    pins = [line.split("==") for line in lines if line and not line.startswith("#")]
    return {plain(package): release for package, release in pins}


def named(requirement: str) -> str:
    return plain(re.split(r"[\[<>=!~; ]", requirement, maxsplit=1)[0])


def needed(package: str, found: set[str]) -> set[str]:
    """Add what *package*, as it is installed here, needs without extras to *found*."""
    try:
        listed = requires(package) or []
    except PackageNotFoundError:
        return found
    for requirement in listed:
        if ";" not in requirement and named(requirement) not in found:
            found.add(named(requirement))
            needed(named(requirement), found)
    return found


def test_the_wheel_holds_the_three_packages_and_the_samples() -> None:
    wheel = PROJECT["tool"]["hatch"]["build"]["targets"]["wheel"]

    assert wheel["packages"] == ["bot", "services", "db"]
    assert wheel["force-include"] == {"samples": "bot/samples"}


@pytest.mark.parametrize("pattern", ["db/migrations/*.sql", "services/prompts/*/*.md", "services/i18n/locales/*.toml"])
def test_what_is_no_python_lies_inside_a_package(pattern: str) -> None:
    assert list(ROOT.glob(pattern))


def test_no_ignored_file_is_needed() -> None:
    # Hatchling leaves out what git ignores.
    ignored = (ROOT / ".gitignore").read_text("utf-8").splitlines()

    assert {"*.sql", "*.md", "*.toml", "samples/", "*.json"}.isdisjoint(ignored)


def test_the_sample_course_is_found() -> None:
    assert (samples() / "course" / "manifest.json").is_file()


def test_the_console_script_is_the_command_line() -> None:
    assert PROJECT["project"]["scripts"] == {"monitoria": "bot.cli:main"}


def test_all_that_we_name_and_what_that_needs_is_pinned() -> None:
    extras = PROJECT["project"]["optional-dependencies"].values()
    ours = {named(one) for one in (*PROJECT["project"]["dependencies"], *(one for extra in extras for one in extra))}

    everything = set(ours)
    for package in sorted(ours):
        needed(package, everything)

    assert everything - pinned().keys() == set()


def test_pins_name_no_build_for_one_kind_of_machine() -> None:
    assert [f"{package} {release}" for package, release in pinned().items() if "+" in release] == []
    assert pinned()["torch"] == "2.13.0"


def test_the_tests_run_with_what_is_pinned() -> None:
    for package in map(named, PROJECT["project"]["dependencies"]):
        assert version(package) == pinned()[package], f"{package}: install with -c constraints.txt"


def test_the_image_is_as_promised() -> None:
    check_image.check_dockerfile(DOCKERFILE, IGNORED)


def test_compose_fits_the_image() -> None:
    check_image.check_compose(COMPOSE, check_image.stages(DOCKERFILE)[-1])


@pytest.mark.parametrize(
    ("written", "instead", "complaint"),
    [
        ("USER 10001:10001\n", "", "does not run as user"),
        ("COPY samples ./samples", "COPY secrets ./secrets", "no such thing"),
        ("COPY samples ./samples", "COPY tests ./tests", "keeps it out"),
        ('ARG TORCH_INDEX=""', "ARG OPENAI_API_KEY", "secret"),
        ("python:3.12-slim", "python", "no release"),
        ("VOLUME /data\n", "", "on no volume"),
    ],
)
def test_a_broken_dockerfile_is_noticed(written: str, instead: str, complaint: str) -> None:
    assert written in DOCKERFILE

    with pytest.raises(check_image.WrongError, match=complaint):
        check_image.check_dockerfile(DOCKERFILE.replace(written, instead), IGNORED)


def test_a_dockerfile_is_read_with_its_stages_and_continued_lines() -> None:
    read = check_image.stages("# x\nFROM a:1 AS b\nRUN x \\\n  && y\nFROM c:2\nENV A=1 \\\n    B=2\n")

    assert [stage.base for stage in read] == ["a:1", "c:2"]
    assert [" ".join(run.split()) for run in read[0].values("RUN")] == ["x && y"]
    assert read[1].environment() == {"A": "1", "B": "2"}
