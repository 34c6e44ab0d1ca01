"""What holds for every test: a law does not fail because the machine is slow."""

from hypothesis import settings

settings.register_profile("laws", deadline=None)
settings.load_profile("laws")
