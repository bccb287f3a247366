"""End-to-end encryption as a machine without a network, on vodozemac."""
