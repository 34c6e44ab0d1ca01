"""Commands that ask what it will take: capacity, simulate."""
