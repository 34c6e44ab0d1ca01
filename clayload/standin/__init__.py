"""The stand-in: a local server that behaves like Clay's webhooks (clay-facts.md §8).

It shares no code with the loader it judges, `clayload.errors` apart, so that a wrong belief about
Clay cannot hide by being held on both sides. Run it with `clayload standin`.
"""
