"""How the interpreter is set, so that the event loop is not kept waiting.

Imports nothing that takes time to load.
"""

import gc
import sys

_SWITCH_SECONDS = 50e-6


def load_fast() -> None:
    """Look for no garbage until `run_smoothly`: nothing that a start loads is garbage.

    The rounds took a fifth of the time that the bot's modules take to load.
    """
    gc.disable()


def run_smoothly() -> None:
    """Spare the event loop the long waits from now on: for the collector and for other threads.

    What the start has loaded stays for life and is never looked through, not even once: a round
    would find a few megabytes and take a sixth of a second. The rest is looked through only after
    seven million new objects: reading years of answers for a report makes a million, none of them
    garbage, and each full round among them took a quarter of a second.

    A thread that reads many rows lets go of the interpreter at each and takes it back before the
    event loop has woken up. Only one who has waited a whole switch interval in vain is sure to be
    next; at the usual 5 ms that never comes to pass, and the loop waited up to 85 ms.
    """
    gc.freeze()
    gc.set_threshold(700, 10, 1000)
    gc.enable()
    sys.setswitchinterval(_SWITCH_SECONDS)
