"""Which troubles does a run have, by its figures, and which command fixes each?"""
