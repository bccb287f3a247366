"""Chat services: one folder or file each, none importing another.

Here a vendor's words are turned into those of `bot.ports` and back; no rule of the work belongs
here.
"""
