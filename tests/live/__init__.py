"""The real thing: real servers as child processes on loopback, and clients that play people."""
