"""What does the extract of a request hold, and what of it is owed?"""
