"""The walk of a load: prepare an extract, deliver its chunks, close the run.

`tasks/` wraps these same steps for Prefect, `cli/` calls them alone.
"""
