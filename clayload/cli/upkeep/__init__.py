"""Commands that look after configuration, workspace, slots and ledger."""
