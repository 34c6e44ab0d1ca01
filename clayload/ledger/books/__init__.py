"""What does the ledger hold, of a run or of all? Reads only."""
