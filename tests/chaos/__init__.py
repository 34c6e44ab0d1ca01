"""Is the loader knocked over by anything? Killed, starved, refused, cut off: `python -m chaos`.

In:    the real command in processes of its own, the stand-in in another, SQLite and Postgres.
Out:   one table of what was lost, doubled and in doubt; it stands in docs/promises.md.
Never: a call into the loader, or a law bent to what it does.
"""
