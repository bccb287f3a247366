"""The container without an engine: what Dockerfile and compose.yaml say, read and carried out."""
