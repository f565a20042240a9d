"""Where the files of the page are: `client_demo/` of a checkout, or the copy that the wheel carries.

This module alone knows the two places; whoever serves the page asks here.
"""

from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent
_PLACES = (
    # A wheel is built with client_demo/ under this name (pyproject.toml, force-include).
    _PACKAGE / "_web",
    # A checkout, which an editable install imports from.
    _PACKAGE.parent / "client_demo",
)


def web_root() -> Path:
    """The folder that is served at `/`: it holds `index.html`, `sdk/` and `vendor/`.

    Raises FileNotFoundError when this installation carries no page.
    """
    for place in _PLACES:
        if place.is_dir():
            return place
    raise FileNotFoundError(f"no page to serve: looked for {' and '.join(map(str, _PLACES))}")
