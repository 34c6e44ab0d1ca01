"""How is the stand-in read back by the command that people have for the live Clay?

In:    the address of a running stand-in, a folder.
Out:   an executable `clay` in the folder, which prints the JSON that Clay's own command prints
       (behaviour 32); with the folder first on the PATH, nobody sees the difference.
Never: a command of Clay's beyond `credits`, `tables get` and `tables columns list`.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from clayload.errors import Code, ConfigError

if TYPE_CHECKING:
    from pathlib import Path

_EXECUTABLE = 0o755

# It stands alone: whoever calls it may run in another environment than the stand-in.
_SHIM = '''#!{python}
"""Clay's command, played by the stand-in at {url}."""
import sys
import urllib.error
import urllib.request

PATHS = {{
    ("credits",): "/public/v0/credits",
    ("tables", "get"): "/public/v0/tables/{{}}",
    ("tables", "columns", "list"): "/public/v0/tables/{{}}/columns",
}}
words = tuple(sys.argv[1:])
path = PATHS.get(words) or (PATHS.get(words[:-1], "").format(words[-1]) if words else "")
if not path or "{{" in path:
    sys.exit("usage: clay credits | tables get ID | tables columns list ID")
try:
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({{}}))
    print(opener.open("{url}" + path, timeout=30).read().decode())
except urllib.error.URLError as error:
    sys.exit(f"Error: {{error}}")
'''


def write_shim(folder: Path, url: str) -> Path:
    """Write the command, in place of one that is there.

    Raises:
        ConfigError: the folder cannot be written.
    """
    path = folder / "clay"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        path.write_text(_SHIM.format(python=sys.executable, url=url), encoding="utf-8")
        path.chmod(_EXECUTABLE)
    except OSError as error:
        message = f"The command {path} cannot be written: {error.strerror or error}"
        hint = "name a folder that can be written"
        raise ConfigError(Code.CONFIG_BAD_VALUE, message, hint=hint, folder=str(folder)) from error
    return path
