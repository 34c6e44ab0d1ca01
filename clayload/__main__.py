"""`python -m clayload`: the `clayload` command, where its script is not on the PATH.

In:    arguments and the environment.
Out:   what the command gives.
Never: anything of its own.
"""

from clayload.cli import main

main()
