"""The balanced account of a run, and how people read it."""
