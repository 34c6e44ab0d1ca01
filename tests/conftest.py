"""What holds for every test: a law fails neither by chance nor because the machine is slow, and a
server that takes long to start is started once.
"""

from __future__ import annotations

import gc

import pytest
from hypothesis import settings
from support.examples import SAME
from xdist.remote import Producer
from xdist.scheduler import LoadScopeScheduling

# Who breaks something sees it in the first run; what nobody thought of yet, `make laws` looks for.
settings.register_profile("same", deadline=None, derandomize=True, max_examples=SAME)
settings.register_profile("anew", deadline=None, print_blob=True)
settings.load_profile("same")


# The tests of each of these folders share a server that takes seconds to start.
_ONE_SERVER = ("tests/flows/", "tests/integration/objects/")


class OneWorkerForEachServer(LoadScopeScheduling):
    """Tests of a folder with one server on one worker, a file of another folder on one worker."""

    def _split_scope(self, nodeid: str) -> str:
        # Not `--dist loadgroup`: pytest 9.2 does not see the groups that xdist 3.8 writes.
        for folder in _ONE_SERVER:
            if nodeid.startswith(folder):
                return folder
        return nodeid.partition("::")[0]


def pytest_collection_finish() -> None:
    """Let nobody look for garbage in what all tests share: modules, and the tests themselves."""
    gc.collect()
    gc.freeze()


def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> OneWorkerForEachServer:
    """Share the tests out by what they start."""
    return OneWorkerForEachServer(config, log)
