"""The order of things, one screen a flow; what the steps do is in `tasks/` and `clayload/`."""
