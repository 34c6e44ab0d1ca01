"""Do the books agree with themselves, and may they be taken elsewhere?"""
