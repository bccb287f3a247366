"""The month's round as people meet it: asking, the form, who owes what, and the two editions."""
