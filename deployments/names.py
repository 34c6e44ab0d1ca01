"""What are the things called that every deployment shares?"""

from __future__ import annotations

POOL = "clayload"
