"""How would a month go, hour by hour, on a clock that is set forward?"""
