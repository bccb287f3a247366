"""Whether mautrix can encrypt here: it does so with libolm, which is no longer maintained."""

import sys

import pytest

HAS_OLM = sys.version_info < (3, 13)
needs_olm = pytest.mark.skipif(not HAS_OLM, reason="libolm's last wheels are for Python 3.12")
# mautrix reads two fields of room events that the specification has given up.
quiet_olm = pytest.mark.filterwarnings("ignore:.*field in Megolm events:DeprecationWarning")
