"""Adapters of chat services, tried without a network."""
