"""The walk: prepare an extract, deliver its chunks, settle the books; no orchestrator needed.

`tasks/` wraps these same steps for Prefect, `cli/` calls them alone.
"""
