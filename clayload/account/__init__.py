"""The values that an account is made of: the run report, problems, deferrals, samples, savings."""
