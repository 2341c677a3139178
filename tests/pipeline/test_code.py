"""Which files a script runs: all that it imports, what is chosen by name, and nothing else."""

import importlib
import json
import os
import subprocess
import sys

import pytest

from graphprune.pipeline import code

FILES = {
    "workflow_scripts/train.py": """
        import json
        import numpy
        from typing import TYPE_CHECKING
        import pkg.direct
        from pkg.loop import run
        from pkg.tools import helper
        from pkg.names import MODELS
        from pkg import names
        if TYPE_CHECKING:
            from pkg.only_types import Model
        else:
            import pkg.no_types
        if True:
            def later():
                import pkg.lazy
    """,
    "workflow_scripts/empty.py": "import json\n",
    "src/pkg/__init__.py": "",
    "src/pkg/direct.py": "import pkg.direct_needs as needs\n",
    "src/pkg/direct_needs.py": "import pkg.direct\n",
    "src/pkg/loop.py": """
        import typing
        from . import sibling
        from .sub import deep
        if typing.TYPE_CHECKING:
            import pkg.only_types
    """,
    "src/pkg/sibling.py": "from .sub.inner import thing\n",
    "src/pkg/sub/__init__.py": "from ..used_by_init import x\n",
    "src/pkg/sub/deep.py": "from ..above import y\n",
    "src/pkg/sub/inner.py": "thing = 1\n",
    "src/pkg/used_by_init.py": "x = 1\n",
    "src/pkg/above.py": "y = 1\n",
    "src/pkg/tools/__init__.py": "",
    "src/pkg/tools/helper.py": "",
    "src/pkg/names.py": "MODELS = {'mlp': 'pkg.models.mlp:mlp'}\n",
    "src/pkg/only_types.py": "",
    "src/pkg/no_types.py": "",
    "src/pkg/lazy.py": "",
    "src/pkg/models/__init__.py": "",
    "src/pkg/models/mlp.py": "from pkg.layers import linear\n",
    "src/pkg/models/vgg.py": "",
    "src/pkg/layers.py": "",
    "src/pkg/layers.cpp": "",
    "src/pkg/unused.cpp": "",
    "src/pkg/claims/__init__.py": "",
    "src/pkg/claims/claims.yaml": "- id: one\n",
    "src/pkg/unused.py": "import pkg.direct\n",
}
TRAIN = [
    "src/pkg/__init__.py",
    "src/pkg/above.py",
    "src/pkg/direct.py",
    "src/pkg/direct_needs.py",
    "src/pkg/lazy.py",
    "src/pkg/loop.py",
    "src/pkg/no_types.py",
    "src/pkg/sibling.py",
    "src/pkg/sub/__init__.py",
    "src/pkg/sub/deep.py",
    "src/pkg/sub/inner.py",
    "src/pkg/tools/__init__.py",
    "src/pkg/tools/helper.py",
    "src/pkg/used_by_init.py",
    "workflow_scripts/train.py",
]


def forget():
    """Files are read once a process; a new one sees them anew."""
    for cached in (code._hash, code._imported_files, code._module_files):
        cached.cache_clear()


@pytest.fixture
def tree(tmp_path, monkeypatch):
    for name, text in FILES.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        lines = text.splitlines()
        path.write_text("\n".join(line.removeprefix(" " * 8) for line in lines) + "\n")
    monkeypatch.setattr(code, "ROOT", tmp_path)
    monkeypatch.setattr(code, "SRC", tmp_path / "src")
    forget()
    yield tmp_path
    forget()


def test_all_that_a_script_imports_and_nothing_else(tree):
    # Direct, indirect, relative, lazy; through __init__.py; not under TYPE_CHECKING;
    # not names.py, whose entries are chosen one by one.
    assert code.code_files("train.py") == TRAIN


def test_a_script_that_imports_nothing_of_ours_has_itself(tree):
    assert code.code_files("empty.py") == ["workflow_scripts/empty.py"]


def test_what_is_chosen_by_name_comes_with_what_it_imports(tree):
    chosen = code.code_files("train.py", "pkg.models.mlp")
    assert set(chosen) - set(TRAIN) == {
        "src/pkg/models/__init__.py",
        "src/pkg/models/mlp.py",
        "src/pkg/layers.cpp",
        "src/pkg/layers.py",
    }
    assert chosen == sorted(chosen)


def test_choosing_what_is_imported_anyway_changes_nothing(tree):
    assert code.code_files("train.py", "pkg.loop", "pkg.tools", "pkg") == TRAIN


def test_modules_alone_come_with_what_they_import_and_no_script(tree):
    assert list(code.module_hash("pkg.models.mlp")) == [
        "src/pkg/__init__.py",
        "src/pkg/layers.cpp",
        "src/pkg/layers.py",
        "src/pkg/models/__init__.py",
        "src/pkg/models/mlp.py",
    ]
    before = code.module_hash("pkg.models.mlp")
    (tree / "src/pkg/layers.py").write_text("changed = 1\n")
    forget()
    after = code.module_hash("pkg.models.mlp")
    assert {file for file in before if before[file] != after[file]} == {"src/pkg/layers.py"}


def test_a_data_file_counts_as_it_is(tree):
    found = code.code_files("empty.py", "src/pkg/claims/claims.yaml")
    assert found == ["src/pkg/claims/claims.yaml", "workflow_scripts/empty.py"]


@pytest.mark.parametrize(
    "name", ["pkg.nothing", "pkg.models.nothing", "nothing", "src/pkg/claims/nothing.yaml"]
)
def test_what_does_not_exist_is_refused(tree, name):
    with pytest.raises(FileNotFoundError, match="nothing"):
        code.code_files("train.py", name)


def test_an_unknown_script_is_refused(tree):
    with pytest.raises(FileNotFoundError, match="nothing"):
        code.code_files("nothing.py")


def test_hashes_follow_the_content_and_not_the_time(tree):
    before = code.code_hash("train.py", "pkg.models.mlp")
    assert list(before) == code.code_files("train.py", "pkg.models.mlp")
    for file in before:
        os.utime(tree / file, (1, 1))
    forget()
    assert code.code_hash("train.py", "pkg.models.mlp") == before
    (tree / "src/pkg/layers.py").write_text("# changed\n")
    forget()
    after = code.code_hash("train.py", "pkg.models.mlp")
    assert {file for file in after if after[file] != before[file]} == {"src/pkg/layers.py"}


def test_a_new_import_is_followed_by_the_next_process(tree):
    (tree / "src/pkg/layers.py").write_text("import pkg.unused\n")
    forget()
    assert "src/pkg/unused.py" in code.code_files("train.py", "pkg.models.mlp")


IMPORTED = """
import json, os, runpy, sys
import matplotlib, pandas, pyarrow.parquet, seaborn, torch  # once, for all children
for script in sys.argv[1:]:
    if os.fork() == 0:
        runpy.run_path(script, run_name="script")
        ours = [m for name, m in sys.modules.items() if name.split(".")[0] == "graphprune"]
        print(json.dumps([os.path.basename(script), [m.__file__ for m in ours]]), flush=True)
        os._exit(0)
    os.wait()
"""


def test_the_files_of_every_script_are_those_that_python_imports():
    # Python itself is the oracle: what importing a script loads must be in its list. The list
    # may hold more (imports inside functions), and holds no tables of names.
    scripts = sorted((code.ROOT / "workflow_scripts").glob("*.py"))
    command = [sys.executable, "-c", IMPORTED, *map(str, scripts)]
    printed = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    imported = dict(json.loads(line) for line in printed.splitlines())
    assert sorted(imported) == [script.name for script in scripts]
    for script, files in imported.items():
        loaded = {os.path.relpath(file, code.ROOT) for file in files}
        used = {file for file in loaded if not file.endswith("/names.py")}
        assert used <= set(code.code_files(script)), script


def test_every_table_of_names_holds_nothing_but_names():
    # code_files leaves them out, so nothing that computes may live in them.
    for path in code.SRC.rglob("names.py"):
        name = ".".join(path.relative_to(code.SRC).with_suffix("").parts)
        public = {k: v for k, v in vars(importlib.import_module(name)).items() if k[0] != "_"}
        assert all(isinstance(value, dict | tuple) for value in public.values()), name


def test_every_kernel_counts_as_code_of_what_is_timed_or_computed_with_it():
    for kernel in code.SRC.rglob("*.cpp"):
        module = ".".join(kernel.relative_to(code.SRC).with_suffix("").parts)
        assert str(kernel.relative_to(code.ROOT)) in code.module_hash(module), kernel.name
    assert "src/graphprune/sparse/native.cpp" in code.code_files("rgp_speed.py")
