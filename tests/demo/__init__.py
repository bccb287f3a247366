"""The demonstration: two months of an invented municipality on a real homeserver.

`python -m tests.demo` tells the story and then stays up; `--once` ends by itself.
"""
