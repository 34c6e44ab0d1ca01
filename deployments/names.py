"""What is the work pool called that all commands here mean?

In:    nothing.
Out:   its name.
Never: an import of Prefect: `clayload --help` need not wait for it.
"""

from __future__ import annotations

POOL = "clayload"
