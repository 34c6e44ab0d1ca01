"""Where does a run keep its files: in a folder here, or on object storage?"""
