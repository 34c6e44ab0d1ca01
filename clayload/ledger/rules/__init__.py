"""What may follow what: states, what is owed, what a transaction reads and writes."""
