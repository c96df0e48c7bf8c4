"""What people put into their own programs so that Breakwatch sees their breakers; one module per library.

Each module imports its library when it is imported itself; this package imports none of them.
"""
