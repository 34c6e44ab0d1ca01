"""Does clayload run on this system?

In:    the system's name, as Python has it.
Out:   nothing, or a refusal that says what to do there.
Never: an import of what a system may lack: this is asked before anything else is imported.
"""

from __future__ import annotations

from clayload.errors import Code, ConfigError


def refuse_windows(platform: str) -> None:
    """Check that this is not Windows, which has neither the locks nor the signals of Unix.

    Raises:
        ConfigError: SYSTEM_NOT_SUPPORTED.
    """
    if platform == "win32":
        raise ConfigError(
            Code.SYSTEM_NOT_SUPPORTED,
            "clayload runs on Linux and macOS, and on Windows only inside WSL, its Linux",
            hint="`wsl --install`, then install and run clayload in the shell that `wsl` opens",
        )
