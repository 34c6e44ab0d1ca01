"""What does somebody read who calls clayload on a system that it does not know?"""

from __future__ import annotations

import subprocess
import sys

import pytest

from clayload.cli.system import refuse_windows
from clayload.errors import Code, ConfigError, ExitCode

# Modules of Python that its Windows does not have.
NOT_ON_WINDOWS = ["fcntl", "grp", "pwd", "resource", "syslog", "termios"]
AS_ON_WINDOWS = f"""
import sys
sys.modules.update(dict.fromkeys({NOT_ON_WINDOWS}))
from clayload.cli import main
main("win32")
"""


@pytest.mark.parametrize("command", [[], ["--help"], ["load", "leads.csv"], ["status"]])
def test_on_windows_one_sentence_says_wsl_before_anything_else_is_imported(
    command: list[str],
) -> None:
    ended = subprocess.run(
        [sys.executable, "-c", AS_ON_WINDOWS, *command], capture_output=True, text=True, check=False
    )
    first, *others = ended.stderr.splitlines()
    assert first == (
        "CLY-SYS-01 clayload runs on Linux and macOS, and on Windows only inside WSL, its Linux"
    )
    assert [line.split(":")[0] for line in others] == ["next"]
    assert (ended.stdout, ended.returncode) == ("", ExitCode.CONFIG)


@pytest.mark.parametrize("platform", ["linux", "darwin"])
def test_linux_and_macos_pass(platform: str) -> None:
    refuse_windows(platform)
    with pytest.raises(ConfigError) as refused:
        refuse_windows("win32")
    assert refused.value.code is Code.SYSTEM_NOT_SUPPORTED
