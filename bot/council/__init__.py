"""The council's year as people meet it: calls, agendas, notes, and what is followed up."""
