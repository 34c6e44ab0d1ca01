"""The durable state of every submission, slot and workspace: what was owed, sent and answered."""
