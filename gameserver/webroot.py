"""Where the files of the page are: in `client_demo/` of a checkout, or in the copy that a wheel carries.

Only this module knows the two places.
"""

from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent
_PLACES = (
    # In a wheel, which is built with client_demo/ under this name (pyproject.toml, wheel.sources).
    _PACKAGE / "_web",
    # In a checkout, also when it is installed editable.
    _PACKAGE.parent / "client_demo",
)


def web_root() -> Path:
    """Return the folder that is served at `/`. It contains `index.html` and `sdk/`.

    Raises:
        FileNotFoundError: This installation carries no page.
    """
    for place in _PLACES:
        if place.is_dir():
            return place
    raise FileNotFoundError(f"no page to serve: looked for {' and '.join(map(str, _PLACES))}")
