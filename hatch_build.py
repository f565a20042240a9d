"""Makes the compiled build: a wheel in which mypyc has compiled the modules that run in every tick, and Cython the
native path of links.

    GAMESERVER_COMPILE=1 pip install .

Without that variable, and for an editable install, nothing is compiled and no compiler is needed. The sources are the
same. pyproject.toml lists the modules that are compiled.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import sysconfig
import tempfile
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

PACKAGE = "gameserver"
VARIABLE = "GAMESERVER_COMPILE"
BINARIES = ("*.so", "*.pyd")

SETUP = """\
from Cython.Build import cythonize
from mypyc.build import mypycify
from setuptools import Extension, setup

extensions = mypycify({arguments!r}, opt_level="3", debug_level="0")
extensions += cythonize([Extension(name, [path]) for name, path in {native!r}], quiet=True)
for extension in extensions:
    extension.extra_compile_args += {flags!r}
setup(name="native", packages=[], ext_modules=extensions)
"""


def float_flags(platform: str) -> list[str]:
    """Return the compiler's flags for one rounding per operation, as in Python and JavaScript.

    gcc fuses `a * b + c` into one instruction wherever the processor has one: on every aarch64, and on x86 with -mfma.
    These flags come after those of CFLAGS. `gameserver.compiled` checks the result when it is imported.

    Args:
        platform: A `sys.platform`.
    """
    return ["/fp:precise"] if platform == "win32" else ["-ffp-contract=off"]


def has_compiler(platform: str) -> bool:
    """Return whether there is a C compiler that setuptools will call. MSVC is not looked for: it is not on the PATH.

    Args:
        platform: A `sys.platform`.
    """
    command = os.environ.get("CC") or sysconfig.get_config_var("CC") or "cc"
    return platform == "win32" or shutil.which(command.split()[0]) is not None


class CompileHook(BuildHookInterface[Any]):
    """A build hook that hatchling runs when it builds a wheel."""

    PLUGIN_NAME = "custom"

    @property
    def wanted(self) -> bool:
        """Whether to compile."""
        return os.environ.get(VARIABLE, "") not in ("", "0")

    def dependencies(self) -> list[str]:
        """Return what the build needs besides hatchling."""
        if not self.wanted:
            return []
        return [*self.config["requires"], *self.metadata.core.dependencies]  # mypy reads their types

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Compile, and add the results to the wheel beside the sources."""
        if version == "editable":
            return
        if not self.wanted:
            self.app.display_info(f"gameserver is not compiled, and needs no compiler; {VARIABLE}=1 compiles it")
            return
        if not has_compiler(sys.platform):
            self.app.abort(f"{VARIABLE}=1 needs a C compiler; install one, or install without {VARIABLE}")
        self._folder = Path(tempfile.mkdtemp())
        build_data["force_include"].update(self._compile())
        build_data["pure_python"] = False
        build_data["infer_tag"] = True
        build_data["dependencies"].extend(self.config["dependencies"])

    def finalize(self, version: str, build_data: dict[str, Any], artifact_path: str) -> None:
        """Remove the files that the wheel has copies of now."""
        if self.wanted and version != "editable":
            shutil.rmtree(self._folder)

    def _compile(self) -> dict[str, str]:
        """Return the files that were made, each with its path in the wheel."""
        folder = self._folder
        shutil.copytree(Path(self.root, PACKAGE), folder / PACKAGE, ignore=shutil.ignore_patterns(*BINARIES))
        shutil.copy(Path(self.root, "pyproject.toml"), folder / "mypy.toml")
        modules = [f"{PACKAGE}/{module}.py" for module in self.config["modules"]]
        # No errors about modules that are only followed: what they import, such as an extra's packages, may be missing.
        arguments = ["--config-file", "mypy.toml", "--follow-imports", "silent", *modules]
        native = [(f"{PACKAGE}.{name.replace('/', '.')}", f"{PACKAGE}/{name}.pyx") for name in self.config["native"]]
        setup = SETUP.format(arguments=arguments, native=native, flags=float_flags(sys.platform))
        (folder / "setup.py").write_text(setup)
        subprocess.run([sys.executable, "setup.py", "-q", "build_ext", "--inplace"], cwd=folder, check=True)
        made = [path for pattern in BINARIES for path in (*folder.glob(pattern), *(folder / PACKAGE).rglob(pattern))]
        return {str(path): path.relative_to(folder).as_posix() for path in made}
