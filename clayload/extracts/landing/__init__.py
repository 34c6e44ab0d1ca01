"""How does a delivered file reach its place: watched, waited for, copied, announced, once?"""
