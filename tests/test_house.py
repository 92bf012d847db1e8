"""Rules of the house that no linter knows. Each one's docstring says what happens where it is not kept."""

import ast
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer.main
from fastapi.routing import iter_route_contexts

from app.settings import Settings

HOUSE = Path(__file__).resolve().parent.parent
ROOMS = ("app", "collectors", "sandbox", "migrations", "bench")
SOURCES = sorted(path for room in ROOMS for path in (HOUSE / room).rglob("*.py"))
OURS = (*ROOMS, "tests")

VALUES = {"collectors.posts", "collectors.errors", "collectors.streaming"}
# What every room between the store and the doors may lean on.
FLOOR = {
    "app.settings", "app.clock", "app.errors", "app.failpoints", "app.db", "app.store", "app.analysis", "app.outbound",
}  # fmt: skip
# Who may import whom: a room (its longest name here wins), and the rooms or modules that it may import besides itself.
# `app` alone is each file straight under app/ that is not named: the doors, which put the parts together.
MAY_IMPORT: dict[str, set[str]] = {
    "collectors": set(),
    "app.settings": set(),
    "app.clock": set(),
    "app.errors": set(),
    "app.failpoints": set(),
    "app.analysis": {"app.clock", *VALUES},
    "app.db": {"app.settings", "app.clock", "app.errors"},
    "app.models": {"app.db"},
    "app.store": {
        "app.models",
        "app.db",
        "app.clock",
        "app.errors",
        "app.analysis",
        "collectors.posts",
        "collectors.streaming",
    },
    "app.outbound": {"app.settings", "app.errors", "collectors"},
    "app.metering": FLOOR | {"collectors"},
    "app.sources": FLOOR | {"app.access", "app.metering", "collectors"},
    "app.joining": FLOOR | {"app.access", "app.sources", "collectors"},
    "app.planning": FLOOR | {"app.sources", "app.polling", "collectors.contract", "collectors.errors"},
    "app.polling": FLOOR | {"app.sources", "collectors.contract", "collectors.policy", *VALUES},
    "app.alerts": FLOOR | {"app.access", "collectors.rates"},
    "app.imports": FLOOR | VALUES,
    "app.exports": FLOOR | {"collectors"},
    "app.privacy": FLOOR | {"app.sources", "collectors"},
    "app.access": FLOOR,
    "app.api": FLOOR | {"app.access", "app.alerts", "app.imports", "app.exports", "app.privacy"},
    "app.dashboard": FLOOR
    | {
        "app.access",
        "app.alerts",
        "app.imports",
        "app.exports",
        "app.privacy",
        "app.sources",
        "app.joining",
        "app.planning",
        "collectors.contract",
        "collectors.errors",
    },
    "app.scheduler": FLOOR | {"app.polling", "app.alerts", "app.privacy", "app.sources"},
    "app.commands": {"app", "collectors"},
    "app": {"app", "collectors", "sandbox"},
    "migrations": {"app.models", "app.db"},
    "sandbox": {"collectors.posts"},
    "bench": {"app", "collectors", "sandbox", "tests"},
}
# What reads a platform's answers, and nothing that could store or serve them.
PARSERS = {"feedparser", "httpcore", "httpx", "msgspec", "nh3", "regex", "telethon", "websockets"}


def module_of(path: Path) -> str:
    return ".".join(path.relative_to(HOUSE).with_suffix("").parts).removesuffix(".__init__")


def imports(path: Path) -> Iterator[str]:
    """The dotted name of everything that a file imports, wherever in it; `from a import b` gives `a.b`."""
    package = module_of(path).split(".")
    if path.name != "__init__.py":
        package = package[:-1]
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            above = package[: len(package) - node.level + 1] if node.level else []
            base = ".".join([*above, *([node.module] if node.module else [])])
            yield from (f"{base}.{alias.name}" for alias in node.names)


def lies_in(name: str, room: str) -> bool:
    return name == room or name.startswith(f"{room}.")


def room_of(module: str) -> str:
    return max((room for room in MAY_IMPORT if lies_in(module, room)), key=len, default=module)


def strays(path: Path) -> list[str]:
    room = room_of(module_of(path))
    allowed = MAY_IMPORT[room]
    ours = (name for name in imports(path) if name.split(".")[0] in OURS)
    return [
        f"{module_of(path)} imports {name}"
        for name in ours
        if room_of(name) != room and not any(lies_in(name, each) for each in allowed)
    ]


def test_each_room_imports_only_what_lies_below_it() -> None:
    """One pipeline, one direction: where rooms import each other, none can be read, tested or moved alone."""
    assert [stray for path in SOURCES for stray in strays(path)] == []


def test_a_stray_import_is_noticed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A rule that cannot fail keeps nothing: `from app import polling` and relative imports must not slip through."""
    monkeypatch.setattr(sys.modules[__name__], "HOUSE", tmp_path)
    wrong = tmp_path / "app" / "api" / "posts.py"
    wrong.parent.mkdir(parents=True)
    wrong.write_text("from app import polling\nfrom ..dashboard import pages\nimport app.store.posts\nimport json\n")
    assert strays(wrong) == ["app.api.posts imports app.polling", "app.api.posts imports app.dashboard.pages"]


def test_nobody_imports_the_doors() -> None:
    """What puts the parts together knows them all: whoever imports it has imported everything."""
    doors = ("app.main", "app.cli", "app.commands", "app.demo")
    found = [
        (module_of(path), name)
        for path in SOURCES
        if room_of(module_of(path)) not in {"app", "app.commands", "bench"}
        for name in imports(path)
        if any(lies_in(name, door) for door in doors)
    ]
    assert found == []


def test_collectors_use_parsers_and_the_standard_library_alone() -> None:
    """A collector that knows the database or the web framework cannot be tried on a saved answer alone."""
    allowed = PARSERS | {"collectors", *sys.stdlib_module_names}
    found = [
        f"{module_of(path)} imports {name}"
        for path in (HOUSE / "collectors").rglob("*.py")
        for name in imports(path)
        if name.split(".")[0] not in allowed
    ]
    assert found == []


@pytest.mark.parametrize(
    ("package", "rooms"),
    [
        ("apscheduler", ("app.scheduler",)),  # due times live in our tables; two truths about when to run would part
        ("sqlalchemy", ("app.db", "app.models", "app.store", "migrations", "bench")),  # all SQL is found in one place
        ("alembic", ("app.db", "migrations")),
        ("argon2", ("app.access",)),  # passwords are hashed once, in one way
    ],
)
def test_a_package_is_used_in_its_rooms_only(package: str, rooms: tuple[str, ...]) -> None:
    """A tool that is used everywhere cannot be replaced, and its traps must be known by everyone."""
    found = [
        module_of(path)
        for path in SOURCES
        if not any(lies_in(module_of(path), room) for room in rooms)
        and any(lies_in(name, package) for name in imports(path))
    ]
    assert found == []


def test_outgoing_clients_come_from_one_factory() -> None:
    """A platform's address is a user's input: a client made elsewhere would skip the guard."""
    makers = {"AsyncClient", "Client", "get", "post", "put", "patch", "delete", "head", "request", "stream"}
    found = [
        f"{module_of(path)}:{node.lineno}"
        for path in SOURCES
        if module_of(path).split(".")[0] in {"app", "collectors"} and module_of(path) != "app.outbound"
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and isinstance(node.func.value, ast.Name)
        and node.func.value.id in {"httpx", "requests"}
        and node.func.attr in makers
    ]
    assert found == []


def names_and_texts(tree: ast.AST) -> Iterator[str]:
    """What a program says by name or by text, its docstrings left out."""
    documented = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
    prose: set[int] = set()
    for node in ast.walk(tree):
        if isinstance(node, documented) and ast.get_docstring(node, clean=False) is not None:
            prose.add(id(node.body[0].value))  # type: ignore[attr-defined]
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in prose:
            yield node.value
        elif isinstance(node, ast.Name | ast.Attribute):
            yield node.id if isinstance(node, ast.Name) else node.attr


def test_only_one_room_says_which_database_it_is() -> None:
    """Dialect words spread, and then each query must be thought through twice, everywhere.

    The settings' default and the commands' help may name the URLs that a user writes.
    """
    word = re.compile(r"sqlite|postgres|asyncpg", re.IGNORECASE)
    found = [
        f"{module_of(path)}: {text[:60]}"
        for path in SOURCES
        if module_of(path).split(".")[0] in {"app", "collectors", "sandbox"}
        and room_of(module_of(path)) not in {"app.db", "app.settings", "app.commands", "app"}
        for text in [*names_and_texts(ast.parse(path.read_text())), *imports(path)]
        if word.search(text)
    ]
    assert found == []


def test_every_setting_is_explained_and_every_explained_line_is_a_setting() -> None:
    """A start is refused with the line of .env.example that explains the setting: it must be there, and true."""
    lines = (HOUSE / ".env.example").read_text().splitlines()
    named = [found[1] for line in lines if (found := re.match(r"#?\s?([A-Z][A-Z0-9_]+)=", line))]
    prefix = Settings.model_config.get("env_prefix", "")
    assert sorted(named) == sorted(f"{prefix}{name}".upper() for name in Settings.model_fields)
    unexplained = [line for line in lines if line.strip() and not re.match(r"#|[A-Z][A-Z0-9_]+=", line)]
    assert unexplained == []


def all_commands() -> list[tuple[str, Any]]:
    # Imported here: the rules on imports are told even while a door does not open.
    from app.cli import app

    found = list(commands(typer.main.get_command(app)))
    assert found
    return found


def commands(group: Any, path: str = "groundswell") -> Iterator[tuple[str, Any]]:
    for name, command in group.commands.items():
        if hasattr(command, "commands"):
            yield from commands(command, f"{path} {name}")
        elif not command.hidden:
            yield f"{path} {name}", command


def test_every_command_is_documented() -> None:
    """What is not in docs/commands.md is found by reading code, and that is nobody who runs a campaign."""
    page = (HOUSE / "docs" / "commands.md").read_text()
    assert [name for name, _ in all_commands() if not re.search(rf"{re.escape(name)}(?![\w-])", page)] == []


def test_every_command_shows_an_example() -> None:
    """`--help` is read by someone who is stuck: a line to copy is worth more than a list of options."""
    assert [
        name for name, command in all_commands() if name not in f"{command.help or ''} {command.epilog or ''}"
    ] == []


def routes() -> list[tuple[str, str]]:
    from app.main import create_app

    app = create_app(Settings(_env_file=None))
    contexts = [context for context in iter_route_contexts(app.routes) if context.methods and context.path]
    return [
        (method, str(context.path))
        for context in contexts
        for method in sorted(context.methods or ())
        if method not in {"HEAD", "OPTIONS"}
    ]


def test_every_route_is_documented() -> None:
    """Other systems are built on what docs/api.md says; what is not there, nobody can use."""
    page = (HOUSE / "docs" / "api.md").read_text()
    known = routes()
    assert known
    missing = [
        f"{method} {path}"
        for method, path in known
        if not re.search(
            rf"\b(?:[A-Z]+/)*{method}(?:/[A-Z]+)* +(?:/api/v1)?{re.escape(path.removeprefix('/api/v1'))}(?![\w/{{-])",
            page,
        )
    ]
    assert missing == []


def test_lock_files_name_no_host() -> None:
    """A lock file with a host in it works behind one company's mirror and nowhere else."""
    locks = [*HOUSE.glob("requirements*.lock"), *HOUSE.glob("package-lock.json")]
    assert locks
    assert [path.name for path in locks if "://" in path.read_text()] == []
    assert "uv.lock" in (HOUSE / ".gitignore").read_text().splitlines()


def test_lock_files_agree() -> None:
    """What is tested is what is run: a package pinned twice must be pinned to the same version."""
    pins = [
        dict(
            re.findall(r"^([a-z0-9.-]+)(?:\[[a-z0-9,-]+\])?==(\S+ .*?)\s*\\$", (HOUSE / name).read_text(), re.MULTILINE)
        )
        for name in ("requirements.lock", "requirements-dev.lock")
    ]
    run, test = pins
    assert run
    assert {name: pin for name, pin in run.items() if test.get(name) != pin} == {}


def test_what_is_installed_can_be_hashed_and_built_offline() -> None:
    """`make run` builds the project with what the lock brought: without a builder, pip would fetch one."""
    lock = (HOUSE / "requirements.lock").read_text()
    assert all(f"\n{name}==" in f"\n{lock}" for name in ("hatchling", "editables", "pyarrow"))
