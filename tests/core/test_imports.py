# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Imports run one way, blocks stay light, and each source file states its licence and stays
short.
"""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
CORE = ROOT / "python" / "semcom_core"
BLOCKS = ROOT / "gr-semcom" / "python" / "semcom"
SKIPPED = {".venv", ".git", "build", "dist", "out", ".pytest_cache", ".ruff_cache", "__pycache__"}
# each may import itself, its neighbours in the same line (without circles) and the lines above
LAYERS = [  # each may import itself, its neighbours in the same line (without circles) and the lines above
    {"errors", "units", "config", "terminal", "resources"},
    {"frame", "metrics", "entropy"},
    {"codecs", "combining", "phy", "channel", "fec", "models"},
    {"text", "image", "memory", "safety"},
    {"datasets", "link", "tasks", "train", "radio", "services", "worker"},
    {"simulation", "bench"},
    {"cli"},
]
LAYER = {name: number for number, names in enumerate(LAYERS) for name in names}
HEAVY = ["torch", "transformers", "ldpc", "matplotlib"]


def imported_modules(path: Path) -> set[str]:
    """Full names of the modules that a file imports, wherever in the file it does."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            package = (
                [*path.relative_to(CORE.parent).parent.parts][: -node.level + 1 or None]
                if node.level
                else []
            )
            module = ".".join([*package, *([node.module] if node.module else [])])
            names |= {module, *(f"{module}.{alias.name}" for alias in node.names)}
    return names


def core_edges() -> dict[tuple[str, str], Path]:
    """(importing part, imported part) of semcom_core, with one file that does it."""
    edges = {}
    for path in sorted(CORE.rglob("*.py")):
        part = path.relative_to(CORE).parts[0].removesuffix(".py")
        for name in imported_modules(path):
            parts = name.split(".")
            if parts[0] == "semcom_core" and len(parts) > 1 and part not in ("__init__", parts[1]):
                edges.setdefault((part, parts[1]), path.relative_to(ROOT))
    return edges


def source_files(*patterns: str) -> list[Path]:
    found = [path for pattern in patterns for path in ROOT.rglob(pattern)]
    return sorted(
        path for path in found if path.is_file() and not SKIPPED & set(path.relative_to(ROOT).parts)
    )


def test_every_part_of_the_core_has_a_layer():
    parts = {
        path.stem
        for path in CORE.iterdir()
        if path.suffix == ".py" or (path / "__init__.py").exists()
    } - {"__init__"}
    assert parts and parts <= set(LAYER)


def test_core_imports_run_one_way():
    names = set(LAYER)
    wrong = [
        f"{path}: {a} imports {b}"
        for (a, b), path in core_edges().items()
        if b in names and LAYER[a] < LAYER[b]
    ]
    assert wrong == []


def test_neighbours_do_not_import_each_other_in_circles():
    edges = {pair for pair in core_edges() if pair[1] in LAYER}
    left = {part for pair in edges for part in pair}
    while ready := {part for part in left if not any(a == part and b in left for a, b in edges)}:
        left -= ready
    assert left == set()


def test_core_never_imports_gnuradio():
    wrong = [
        path
        for path in CORE.rglob("*.py")
        if any(name.split(".")[0] == "gnuradio" for name in imported_modules(path))
    ]
    assert wrong == []


@pytest.mark.parametrize(
    "statement", ["import semcom_core", "import semcom_core.cli", "import gnuradio.semcom"]
)
def test_import_stays_light(statement, request):
    if "gnuradio" in statement:
        request.getfixturevalue("gnuradio")
    code = f"{statement}; import sys; print(*[name for name in {HEAVY} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120)
    assert (done.returncode, done.stdout.strip()) == (0, ""), done.stderr


def test_gnuradio_package_is_left_to_gnuradio():
    assert not list(ROOT.glob("gr-semcom/**/gnuradio/__init__.py")) + list(
        ROOT.glob("python/gnuradio")
    )


def test_source_files_state_their_licence():
    files = source_files(
        "*.py", "*.yml", "*.cmake", "*.cc", "*.hpp", "CMakeLists.txt", "run", "*.toml"
    )
    wrong = [
        str(path.relative_to(ROOT))
        for path in files
        if "SPDX-License-Identifier: GPL-3.0-or-later" not in head(path)
    ]
    assert len(files) > 10 and wrong == []


def head(path: Path) -> str:
    return "\n".join(path.read_text(encoding="utf-8").splitlines()[:4])


def module_edges() -> dict[str, set[str]]:
    """Module → modules that it imports, of the core and of the blocks, wherever in the file."""
    roots = {"semcom_core": CORE, "gnuradio.semcom": ROOT / "gr-semcom" / "python" / "semcom"}
    paths = {}
    for root, folder in roots.items():
        for path in folder.rglob("*.py"):
            parts = path.relative_to(folder).with_suffix("").parts
            paths[".".join([root, *parts]).removesuffix(".__init__")] = path
    edges: dict[str, set[str]] = {name: set() for name in paths}
    for name, path in paths.items():
        package = name if path.name == "__init__.py" else name.rpartition(".")[0]
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom):
                above = package.split(".")[: 1 - node.level or None] if node.level else []
                module = ".".join([*above, *([node.module] if node.module else [])])
                full = {f"{module}.{alias.name}" for alias in node.names}
                edges[name] |= (full & paths.keys()) or ({module} & paths.keys())
    return edges


def test_no_circles_between_files():
    edges = module_edges()
    left = set(edges)
    while ready := {name for name in left if not edges[name] & left}:
        left -= ready
    assert len(edges) > 100 and left == set()


def test_rooms_are_no_slices():
    """Most modules are used in several places: a slice of an algorithm has one importer."""
    edges = module_edges()
    importers = {name: sum(name in found for found in edges.values()) for name in edges}
    single = [name for name, count in importers.items() if count == 1]
    assert len(edges) <= 380 and len(single) <= len(edges) / 4


@pytest.mark.parametrize(
    "source, expected",
    [
        ("from semcom_core.text import codec", {"semcom_core.text", "semcom_core.text.codec"}),
        ("def f():\n    import gnuradio.gr as g", {"gnuradio.gr"}),
        ("from ..phy import frame", {"semcom_core.phy", "semcom_core.phy.frame"}),
        ("from . import b", {"semcom_core.text", "semcom_core.text.b"}),
    ],
)
def test_imports_are_found_in_every_form(source, expected, tmp_path, monkeypatch):
    core = tmp_path / "semcom_core"
    (core / "text").mkdir(parents=True)
    (core / "text" / "a.py").write_text(source, encoding="utf-8")
    monkeypatch.setattr(sys.modules[__name__], "CORE", core)
    assert imported_modules(core / "text" / "a.py") == expected
