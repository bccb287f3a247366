"""The command line: what an administrator types, and the files that go in and out by it."""
