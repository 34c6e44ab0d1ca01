"""What comes back from Clay: balances and counts, read with its own command."""
