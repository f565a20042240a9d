"""Makes the compiled build: a wheel in which the modules on the tick's way are machine code, made by mypyc.

    GAMESERVER_COMPILE=1 pip install .

Without that variable, and for an editable install, nothing is compiled and no compiler is needed: the sources are the
same. Which modules are compiled is said in pyproject.toml.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

PACKAGE = "gameserver"
VARIABLE = "GAMESERVER_COMPILE"
BINARIES = ("*.so", "*.pyd")

SETUP = """\
from mypyc.build import mypycify
from setuptools import setup

setup(name="native", packages=[], ext_modules=mypycify({arguments!r}, opt_level="3", debug_level="0"))
"""


class CompileHook(BuildHookInterface[Any]):
    """Hatchling runs it when it builds a wheel."""

    PLUGIN_NAME = "custom"

    @property
    def wanted(self) -> bool:
        """Whether to compile at all."""
        return os.environ.get(VARIABLE, "") not in ("", "0")

    def dependencies(self) -> list[str]:
        """What the build needs besides hatchling."""
        if not self.wanted:
            return []
        return [*self.config["requires"], *self.metadata.core.dependencies]  # mypy reads their types

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Compile, and put what came out of it beside the sources in the wheel."""
        if not self.wanted or version == "editable":
            return
        self._folder = Path(tempfile.mkdtemp())
        build_data["force_include"].update(self._compile())
        build_data["pure_python"] = False
        build_data["infer_tag"] = True
        build_data["dependencies"].extend(self.config["dependencies"])

    def finalize(self, version: str, build_data: dict[str, Any], artifact_path: str) -> None:
        """Throw away what is in the wheel now."""
        if self.wanted and version != "editable":
            shutil.rmtree(self._folder)

    def _compile(self) -> dict[str, str]:
        """Return what was made: files, and where they belong in the wheel."""
        folder = self._folder
        shutil.copytree(Path(self.root, PACKAGE), folder / PACKAGE, ignore=shutil.ignore_patterns(*BINARIES))
        shutil.copy(Path(self.root, "pyproject.toml"), folder / "mypy.toml")
        modules = [f"{PACKAGE}/{module}.py" for module in self.config["modules"]]
        # Silent about modules that are only followed: what they import, an extra's packages say, may not be here.
        arguments = ["--config-file", "mypy.toml", "--follow-imports", "silent", *modules]
        (folder / "setup.py").write_text(SETUP.format(arguments=arguments))
        subprocess.run([sys.executable, "setup.py", "-q", "build_ext", "--inplace"], cwd=folder, check=True)
        made = [path for pattern in BINARIES for path in (*folder.glob(pattern), *(folder / PACKAGE).rglob(pattern))]
        return {str(path): path.relative_to(folder).as_posix() for path in made}
