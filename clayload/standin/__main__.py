"""How is the stand-in started without the rest of clayload?

In:    `--port`, `--config`, `--port-file`, `--shim`.
Out:   a running server, ended by SIGTERM or Ctrl-C; exit code 10 for a bad configuration.
Never: anything the `clayload standin` command would not do as well.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from clayload.errors import ConfigError
from clayload.standin.server import run_standin


def main() -> int:
    """Read the command line, serve until told to end, and return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m clayload.standin")
    parser.add_argument("--port", type=int, default=0, help="0 picks a free port")
    parser.add_argument("--config", type=Path, help="JSON: workspaces, tables, sources")
    parser.add_argument("--port-file", type=Path, help="where to write the port once listening")
    parser.add_argument("--shim", type=Path, help="folder for a `clay` command that reads back")
    options = parser.parse_args()
    try:
        run_standin(options.port, options.config, options.port_file, options.shim)
    except ConfigError as error:
        sys.stderr.write(f"{error}\n")
        return error.exit_code
    return 0


if __name__ == "__main__":
    sys.exit(main())
