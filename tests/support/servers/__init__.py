"""The servers and processes that tests talk to, each on a free port of this machine."""
