"""clayload: load lead extracts into Clay tables; cleaned, routed, paced, accounted for to the row.

This package is the core. It never imports Prefect: `tasks/` and `flows/` stand on top of it, and
`clayload --help` runs it alone.
"""

__version__ = "0.1.0"
