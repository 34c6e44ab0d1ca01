"""Thin Prefect wrappers over the core: the only floor that knows both worlds."""
