"""
Check the container image where no container engine is at hand: `make image-check`.

First the two files are read and compared (Dockerfile, compose.yaml, .dockerignore). Then the builder's own steps run in
a temporary folder, with a Python of this machine in place of the base image's, and what was installed is used as the
image's user would use it. The steps that change the final image's system (its user, its folders) are read, not run.
"""  # noqa: INP001 - a script, not a package

import json
import os
import pwd
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path
from types import CodeType
from typing import Any, TypeVar, cast

import yaml

T = TypeVar("T")

ROOT = Path(__file__).resolve().parent.parent
UID = 10001
STAND_IN = "nobody"
"""Who uses the installed program here: PostgreSQL asks for a user with a name, and 10001 has one in the image alone."""

ALL_READ = 0o755
SECRET = re.compile(r"KEY|TOKEN|PASSWORD|SECRET")
NEEDED_FILES = (
    "bot/samples/course/manifest.json",
    "db/migrations/0001_first_light.sql",
    "services/i18n/locales/pt-BR.toml",
    "services/prompts/answer/3.md",
)
"""What is no Python and must still be installed; one of each kind."""


class WrongError(Exception):
    """A step did not hold; the message says which and why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Instruction:
    """One instruction of a Dockerfile."""

    name: str
    value: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """What stands between one FROM and the next."""

    base: str
    instructions: tuple[Instruction, ...]

    def values(self, name: str) -> list[str]:
        return [one.value for one in self.instructions if one.name == name]

    def environment(self) -> dict[str, str]:
        pairs = [pair for value in self.values("ENV") for pair in re.findall(r'(\w+)=("[^"]*"|\S+)', value)]
        return {name: value.strip('"') for name, value in pairs}


def stages(dockerfile: str) -> tuple[Stage, ...]:
    r"""
    Read a Dockerfile.

    >>> [stage.base for stage in stages("FROM a:1 AS b\nRUN x \\\n  && y\nFROM c:2")]
    ['a:1', 'c:2']
    """
    read: list[tuple[str, list[Instruction]]] = []
    kept = "\n".join(line for line in dockerfile.splitlines() if not line.lstrip().startswith("#"))
    for line in kept.replace("\\\n", " ").splitlines():
        name, _, value = line.strip().partition(" ")
        if name.upper() == "FROM":
            read.append((value.split()[0], []))
        elif name:
            read[-1][1].append(Instruction(name=name.upper(), value=value.strip()))
    return tuple(Stage(base=base, instructions=tuple(held)) for base, held in read)


def copies(stage: Stage) -> Iterator[tuple[list[str], str]]:
    """Yield what is copied from the build's context, and where to."""
    for value in stage.values("COPY"):
        if not value.startswith("--from"):
            *sources, target = value.split()
            yield sources, target


def admitted(path: str, ignore: str) -> bool:
    r"""
    Tell whether `.dockerignore` lets *path* through; the last line that fits counts, as it does for Docker.

    >>> admitted("bot/cli.py", "*\n!bot"), admitted("bot/x.pyc", "*\n!bot\n**/*.pyc"), admitted(".env", "*\n!bot")
    (True, False, False)
    """
    is_admitted = True
    parts = Path(path).parts
    prefixes = ["/".join(parts[: length + 1]) for length in range(len(parts))]
    for line in ignore.splitlines():
        pattern = line.strip()
        if pattern and not pattern.startswith("#"):
            wanted = pattern.removeprefix("!")
            tail = wanted.removeprefix("**/")
            names = parts if tail != wanted else prefixes
            if any(fnmatch(name, tail) for name in names):
                is_admitted = pattern.startswith("!")
    return is_admitted


def require(holds: object, otherwise: str) -> None:
    if not holds:
        raise WrongError(otherwise)


def check_dockerfile(dockerfile: str, ignore: str) -> None:
    """Hold the Dockerfile against what the README promises of the image."""
    read = stages(dockerfile)
    require(len(read) == 2, f"{len(read)} stages, not a builder and an image")
    builder, image = read
    for stage in read:
        tag = stage.base.partition("@")[0].partition(":")[2]
        require(tag not in {"", "latest"}, f"the base {stage.base!r} names no release")
    require(builder.base == image.base, "the virtual environment would meet another Python than the one that made it")
    named = [*builder.values("ARG"), *builder.environment(), *image.values("ARG"), *image.environment()]
    require(not any(SECRET.search(name) for name in named), "a secret would be written into the image")
    require("PIP_NO_CACHE_DIR" in builder.environment(), "the cache of pip would stay")
    for sources, _ in copies(builder):
        for source in sources:
            require((ROOT / source).exists(), f"COPY {source}: there is no such thing")
            require(admitted(source, ignore), f"COPY {source}: .dockerignore keeps it out")
    require(not list(copies(image)), "the image takes something from the build's context")
    require(image.values("USER") == [f"{UID}:{UID}"], f"it does not run as user {UID}")
    require(any(f"useradd --uid {UID}" in step for step in image.values("RUN")), f"nobody makes the user {UID}")
    require(image.environment().get("MONITORIA_HOME") in image.values("VOLUME"), "MONITORIA_HOME is on no volume")
    require(image.environment().get("PYTHONUNBUFFERED") == "1", "output would be held back")
    require(image.values("ENTRYPOINT") == ['["monitoria"]'], "it does not start `monitoria`")
    require(image.values("CMD") == ['["run"]'], "without a command it is not the bot")
    (asks,) = image.values("HEALTHCHECK") or [""]
    require("/health/ready" in asks and health_program(asks), "nobody asks whether it is ready")
    for secret in (".env", "samples/.env", ".git/config", ".venv/pyvenv.cfg", "bot/__pycache__/cli.cpython-312.pyc"):
        require(not admitted(secret, ignore), f"{secret} would go into the build")


def health_program(asks: str) -> CodeType:
    """Return the program in the HEALTHCHECK, which must be one that Python can read."""
    *_, program = json.loads(asks.partition(" CMD ")[2])
    try:
        return compile(program, "HEALTHCHECK", "exec")
    except SyntaxError as error:
        raise WrongError(f"the health check is no Python: {error}") from error


def check_compose(text: str, image: Stage) -> None:
    """Hold compose.yaml against the image and against itself."""
    composed = cast("Mapping[str, Any]", yaml.safe_load(text))
    services = cast("Mapping[str, Mapping[str, Any]]", composed["services"])
    database, monitoria = services["database"], services["monitoria"]
    require(database["image"].startswith("pgvector/pgvector:"), "the database has no pgvector")
    require("pg_isready" in database["healthcheck"]["test"], "nobody asks the database whether it is ready")
    require(
        monitoria["depends_on"] == {"database": {"condition": "service_healthy"}}, "Monitoria would start too early"
    )
    for place in (database["environment"]["POSTGRES_PASSWORD"], monitoria["environment"]["PGPASSWORD"]):
        require(place.startswith("${POSTGRES_PASSWORD:?"), "the password is not asked for where it is missing")
    user, name = database["environment"]["POSTGRES_USER"], database["environment"]["POSTGRES_DB"]
    url = monitoria["environment"]["DATABASE_URL"]
    require(url == f"postgresql://{user}@database/{name}", f"DATABASE_URL {url!r} is not the database's address")
    require("profiles" not in monitoria and "command" not in monitoria, "`docker compose up` does not start the bot")
    require(
        re.fullmatch(r"on-failure:\d", monitoria["restart"]),
        "a wrong token would be tried for ever, or a crash not once",
    )
    require(monitoria["stop_grace_period"] == "30s", "a stop cuts off the answers that are being written")
    home = monitoria["environment"]["MONITORIA_HOME"]
    require(home == image.environment()["MONITORIA_HOME"], "its home is not the image's")
    mounts = [str(mount).split(":") for service in services.values() for mount in service["volumes"]]
    require(home in [mount[1] for mount in mounts], "what it remembers is on no volume")
    require({mount[0] for mount in mounts} == set(composed["volumes"]), "volumes used and declared differ")


def check_build(folder: Path) -> None:
    """Run the builder's steps in *folder*, and use what they made."""
    python = step("an interpreter that the image's user may run", usable_python)
    builder, image = stages((ROOT / "Dockerfile").read_text())
    source, environment = folder / "src", folder / "opt"
    source.mkdir()
    for instruction in builder.instructions:
        match instruction.name:
            case "COPY":
                *names, target = instruction.value.split()
                step(f"COPY {instruction.value}", lambda names=names, target=target: copy(names, source / target))
            case "RUN":
                step(
                    f"RUN {' '.join(instruction.value.split())[:90]}",
                    lambda said=instruction.value: run_builder(said, folder, python, builder.environment()),
                )
            case _:
                pass
    for value in image.values("RUN"):
        tell("read", f"RUN {' '.join(value.split())[:90]}", 0)
    shutil.rmtree(source)  # the image has no sources either
    open_to_all(environment)
    site = next((environment / "monitoria" / "lib").glob("python3.*/site-packages"))
    step("prompts, texts, migrations and the sample course are installed", lambda: require_files(site))
    step("pip check", lambda: used(folder, "pip", "check"))
    who = f"as {STAND_IN} for user {UID}" if os.geteuid() == 0 else "as this user, since only root may become another"
    step(f"monitoria --help, {who}", lambda: used(folder, "monitoria", "--help"))
    step(f"monitoria demo, {who}", lambda: used(folder, "monitoria", "demo"))


def usable_python() -> str:
    """Return a Python that the image's user may run; root's own may lie where only root can go."""
    names = [
        sys.executable,
        *(f"/usr{local}/bin/python3.{minor}" for minor in (12, 13, 11) for local in ("/local", "")),
    ]
    program = "import sys, venv, ensurepip; print(sys.base_prefix); sys.exit(sys.version_info < (3, 11))"
    for name in names:
        if Path(name).exists() and run([name, "-c", program], as_user=True).returncode == 0:
            return name
    raise WrongError(f"{STAND_IN} may run none of {', '.join(names)}; install Python 3.11 or newer for everybody")


def copy(names: list[str], target: Path) -> None:
    """Copy *names* as Docker would: a folder's content into *target*, files into it, nothing that is ignored."""
    ignore = (ROOT / ".dockerignore").read_text()
    for name in names:
        place = ROOT / name
        for file in sorted(place.rglob("*")) if place.is_dir() else [place]:
            if file.is_file() and admitted(str(file.relative_to(ROOT)), ignore):
                goal = target / (file.relative_to(place) if place.is_dir() else name)
                goal.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(file, goal)


def run_builder(command: str, folder: Path, python: str, environment: Mapping[str, str]) -> None:
    """Run one RUN step with the image's folders in *folder* and `python` being *python*."""
    tools = folder / "tools"
    tools.mkdir(exist_ok=True)
    shim = tools / "python"
    shim.write_text(f'#!/bin/sh\nexec "{python}" "$@"\n')
    shim.chmod(ALL_READ)
    settings = {"TORCH_INDEX": os.environ.get("TORCH_INDEX", ""), "PATH": f"{tools}:{os.environ['PATH']}"}
    done = run(
        ["/bin/sh", "-ec", command.replace("/opt/", f"{folder}/opt/")],
        cwd=folder / "src",
        env=os.environ | environment | settings,
    )
    require(done.returncode == 0, done.stdout[-2000:])


def require_files(site: Path) -> None:
    missing = [name for name in NEEDED_FILES if not (site / name).is_file()]
    require(not missing, f"missing: {', '.join(missing)}")


def used(folder: Path, program: str, *arguments: str) -> None:
    """Run an installed program as the image would: its user, its home, none of this shell's settings."""
    home = folder / "data"
    if not home.exists():
        home.mkdir(mode=0o700)
        if os.geteuid() == 0:
            shutil.chown(home, STAND_IN, pwd.getpwnam(STAND_IN).pw_gid)
    place = folder / "opt" / "monitoria" / "bin"
    env = {"PATH": f"{place}:{os.defpath}", "HOME": str(home), "MONITORIA_HOME": str(home), "PYTHONUNBUFFERED": "1"}
    done = run([str(place / program), *arguments], cwd=home, env=env, as_user=True)
    require(done.returncode == 0, done.stdout[-2000:])


def run(
    command: list[str], *, cwd: Path | None = None, env: Mapping[str, str] | None = None, as_user: bool = False
) -> subprocess.CompletedProcess[str]:
    """Run *command*; as the image's user, or who stands in for it, where that is asked for and we may."""
    other = pwd.getpwnam(STAND_IN) if as_user and os.geteuid() == 0 else None
    try:
        return subprocess.run(  # noqa: S603 - our own steps
            command,
            cwd=cwd or "/",
            env=env,
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            check=False,
            user=other and other.pw_uid,
            group=other and other.pw_gid,
            extra_groups=other and (),
        )
    except PermissionError as error:
        return subprocess.CompletedProcess(command, 126, stdout=str(error))


def open_to_all(folder: Path) -> None:
    """Let every user read *folder*, whatever this shell's umask is; the image is built with 022."""
    for path in (folder, *folder.rglob("*")):
        if not path.is_symlink():
            path.chmod(path.stat().st_mode | (0o555 if path.is_dir() or os.access(path, os.X_OK) else 0o444))


def step(name: str, work: Callable[[], T]) -> T:
    """Do one step and print its line."""
    began = time.monotonic()
    try:
        done = work()
    except (WrongError, OSError, KeyError, StopIteration) as error:
        tell("FAIL", name, time.monotonic() - began)
        raise WrongError(str(error)) from error
    tell("ok", name, time.monotonic() - began)
    return done


def tell(mark: str, name: str, took_s: float) -> None:
    sys.stdout.write(f"{mark:<5} {took_s:5.1f} s  {name}\n")
    sys.stdout.flush()


def main() -> int:
    """Run all steps; return the exit status."""
    dockerfile, ignore = (ROOT / "Dockerfile").read_text(), (ROOT / ".dockerignore").read_text()
    try:
        step("Dockerfile and .dockerignore", lambda: check_dockerfile(dockerfile, ignore))
        step("compose.yaml", lambda: check_compose((ROOT / "compose.yaml").read_text(), stages(dockerfile)[-1]))
        with tempfile.TemporaryDirectory(prefix="monitoria-image-") as name:
            folder = Path(name)
            folder.chmod(ALL_READ)
            check_build(folder)
    except WrongError as wrong:
        sys.stderr.write(f"{wrong}\n")
        return 1
    sys.stdout.write("The image's steps hold. What only an engine can show was not checked: the base image itself.\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
