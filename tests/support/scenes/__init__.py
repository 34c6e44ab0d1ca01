"""What tests look at: ledgers, loads, months, reports, signs, made small and real."""
