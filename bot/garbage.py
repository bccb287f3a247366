"""When the interpreter looks for garbage: its full rounds stop every thread.

What is not in a circle is let go at once all the same. Imports nothing that takes time to load.
"""

import gc


def do_not_look() -> None:
    """Leave it until `look_seldom`: nothing that a start loads is garbage.

    The rounds took a fifth of the time that the bot's modules take to load.
    """
    gc.disable()


def look_seldom() -> None:
    """Spare the event loop the full rounds from now on.

    What the start has loaded stays for life and is never looked through, not even once: a round
    would find a few megabytes and take a sixth of a second. The rest is looked through only after
    seven million new objects: reading years of answers for a report makes a million, none of them
    garbage, and each full round among them took a quarter of a second.
    """
    gc.freeze()
    gc.set_threshold(700, 10, 1000)
    gc.enable()
