"""The demonstration: two months and a meeting of an invented municipality, on real servers.

`python -m tests.demo` tells the story and then stays up; `--once` ends by itself.
"""
