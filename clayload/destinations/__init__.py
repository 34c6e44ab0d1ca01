"""The places leads can go, one file each."""
