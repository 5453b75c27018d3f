"""The house: short functions and modules, a pure core, one register for columns and findings, locked requirements."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from skuwise.core.findings import finding_kinds

ROOT = Path(__file__).resolve().parents[2]
SRC = ROOT / "src" / "skuwise"
CORE = SRC / "core"
MODULES = sorted(SRC.rglob("*.py"))
CORE_MODULES = [path for path in MODULES if CORE in path.parents or path.parent == SRC / "simulate"]
TEXT_FILES = [*MODULES, *sorted((ROOT / "tests").rglob("*.py")), *sorted((ROOT / "benchmarks").rglob("*.py"))]

FUNCTION_LINES_MAX = 70
MODULE_LINES_MAX = 400
#: What would make the same inputs give another plan, or let the core reach outside.
IMPURE_CALLS = re.compile(
    r"\b(date\.today|datetime\.(now|utcnow|today)|time\.(time|monotonic|perf_counter|sleep)|(np|numpy)\.random\b"
    r"|random\.\w+|os\.environ|os\.getenv|getenv|Path|open|print|input)$"
)
VAGUE_NAME = re.compile(r"(^|_)(utils?|helpers?|misc|manager)($|_)|Manager|Helper|Util", re.ASCII)
#: Split so that this file does not find itself.
UNFINISHED = re.compile("|".join(("TO" + "DO", "FIX" + "ME", "XX" + "X", "NotImplemented" + "Error")))


def name_of(path: Path) -> str:
    return str(path.relative_to(ROOT))


def parsed(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"), filename=str(path))


def functions(path: Path) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    return (node for node in ast.walk(parsed(path)) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef))


def dotted(node: ast.expr) -> str:
    """``np.random.default_rng`` for the expression that says so; empty for anything else."""
    if isinstance(node, ast.Attribute):
        before = dotted(node.value)
        return f"{before}.{node.attr}" if before else ""
    return node.id if isinstance(node, ast.Name) else ""


#: Longer than a screen, and why.
LONG_FUNCTIONS = {
    "src/skuwise/planning/assemble.py plan_inputs": "one story from tables to arrays: each line hands on to the next",
    "src/skuwise/weekly_game.py weekly_round": "its docstring states what every argument means",
    "src/skuwise/simulate/engine.py simulate": "its docstring states what every argument and total means",
    "src/skuwise/simulate/engine.py _run_item": "one compiled loop over periods: cut in two it copies its state",
}


def test_no_function_is_longer_than_a_screen() -> None:
    long = [
        f"{name_of(path)}:{function.lineno} {function.name} has {function.end_lineno - function.lineno + 1} lines"
        for path in MODULES
        for function in functions(path)
        if function.end_lineno and function.end_lineno - function.lineno + 1 > FUNCTION_LINES_MAX
        if f"{name_of(path)} {function.name}" not in LONG_FUNCTIONS
    ]
    assert not long, "\n".join(long)


def test_no_module_is_longer_than_four_hundred_lines() -> None:
    sizes = {name_of(path): len(path.read_text(encoding="utf-8").splitlines()) for path in MODULES}
    assert {name: size for name, size in sizes.items() if size > MODULE_LINES_MAX} == {}


def test_the_core_reads_no_clock_file_environment_or_chance() -> None:
    used = [
        f"{name_of(path)}:{node.lineno} {dotted(node)}"
        for path in CORE_MODULES
        for node in ast.walk(parsed(path))
        if isinstance(node, ast.Attribute | ast.Name) and IMPURE_CALLS.search(dotted(node))
        # A generator keyed by a seed that is given is no chance.
        if dotted(node) not in ("np.random", "np.random.Generator", "np.random.Philox")
        # rules.toml_lines names the way to a key inside a TOML document ``Path``: it is no file.
        if not (dotted(node) == "Path" and "toml_lines" in path.read_text(encoding="utf-8") + path.stem)
    ]
    assert not used, "\n".join(used)


@pytest.mark.parametrize("line", ["date.today()", "datetime.now()", "np.random.rand()", "open('a')", "os.environ['A']"])
def test_the_check_for_purity_sees_what_it_looks_for(line: str) -> None:
    (call,) = [node for node in ast.walk(ast.parse(line)) if isinstance(node, ast.Call | ast.Subscript)]
    named = [dotted(node) for node in ast.walk(call) if isinstance(node, ast.Attribute | ast.Name)]
    assert any(IMPURE_CALLS.search(name) for name in named)


def test_names_say_what_a_thing_is() -> None:
    named = [(name_of(path), path.stem) for path in MODULES]
    named += [
        (f"{name_of(path)}:{node.lineno}", node.name)
        for path in MODULES
        for node in ast.walk(parsed(path))
        if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef)
    ]
    assert [place for place, name in named if VAGUE_NAME.search(name)] == []


def test_nothing_is_left_unfinished() -> None:
    left = [
        f"{name_of(path)}:{number} {line.strip()}"
        for path in TEXT_FILES
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        if UNFINISHED.search(line)
    ]
    assert not left, "\n".join(left)


def test_no_error_is_swallowed_whole() -> None:
    bare = [
        f"{name_of(path)}:{node.lineno}"
        for path in MODULES
        for node in ast.walk(parsed(path))
        if isinstance(node, ast.ExceptHandler)
        and (node.type is None or dotted(node.type) in ("Exception", "BaseException"))
    ]
    assert bare == []


def test_every_finding_code_in_use_is_registered_and_every_registered_one_is_in_use() -> None:
    prefixes = sorted({code.split("-")[0] for code in finding_kinds()})
    shape = re.compile(rf"(?:{'|'.join(prefixes)})-[A-Z0-9]+(?:-[A-Z0-9]+)*")
    strings = {
        node.value
        for path in MODULES
        for node in ast.walk(parsed(path))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }
    used = {text for text in strings if shape.fullmatch(text)}
    # Checks that every table shares put its prefix before what is wrong: f"{prefix}-UNKNOWN-SKU".
    endings = {
        str(node.values[-1].value)
        for path in MODULES
        for node in ast.walk(parsed(path))
        if isinstance(node, ast.JoinedStr) and len(node.values) == 2 and isinstance(node.values[-1], ast.Constant)
    }
    shared = tuple(ending for ending in endings if re.fullmatch(r"(-[A-Z]+)+", ending))
    assert sorted(used - finding_kinds().keys()) == []
    assert sorted(code for code in finding_kinds().keys() - used if not code.endswith(shared)) == []


@pytest.mark.parametrize("path", sorted((ROOT / "requirements").glob("*.lock")), ids=lambda path: path.name)
def test_locked_requirements_carry_hashes_and_no_address(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert "://" not in text
    requirements = re.split(r"\n(?=\S)", text.strip())
    assert len(requirements) > 10
    assert [line for line in requirements if not re.match(r"[\w.-]+==\S+", line)] == []
    assert [line.split()[0] for line in requirements if "--hash=sha256:" not in line] == []


def test_every_release_named_in_pyproject_is_locked() -> None:
    declared = re.findall(r'^  "([A-Za-z0-9_.-]+)[<>=]', (ROOT / "pyproject.toml").read_text(encoding="utf-8"), re.M)
    locked = {
        line.split("==")[0].lower()
        for path in (ROOT / "requirements").glob("*.lock")
        for line in path.read_text(encoding="utf-8").splitlines()
        if "==" in line
    }
    assert {name.lower() for name in declared} - locked == set()
