"""The order of things, one screen a flow; what the steps do stands in `tasks/` and `clayload/`."""
