"""Runs that take up leads of an earlier one: replay, resubmit, resume, approve."""
