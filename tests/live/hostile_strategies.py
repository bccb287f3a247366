"""Poisons by the thousand: well-formed events, devices and sections, each spoiled in some places.

Hypothesis only draws here: nothing is tested while it draws, so nothing shrinks. The same seed
gives the same poisons.
"""

from collections.abc import Callable, Sequence

from hypothesis import HealthCheck, Phase, Verbosity, given, seed, settings
from hypothesis import strategies as st

from tests.live.hostile_examples import TO_DEVICE_AT
from tests.live.hostile_poison import (
    BACK,
    DEEP,
    FRONT,
    HUGE,
    IDENTIFIER,
    Family,
    Poison,
    Sealed,
    Where,
)
from tests.live.hostile_room_examples import event, state, timeline
from tests.live.hostile_templates import (
    CROSS_SIGNING,
    DEVICE,
    INNER,
    KEY,
    MESSAGES,
    NORMAL,
    ONE_TIME_KEY,
    PRE_KEY,
    SESSION_KEY,
    SIGNATURE,
    STATE,
    TO_DEVICE,
)

_AT_A_TIME = 1_000
_KNOWN = ("@@bot@@", "@@reporter@@", "@@kim@@", "@@stranger@@", "@@device@@", "@@phone@@")
_ROOMS = ("@@direct@@", "@@vault@@", "@@decoy@@", "!okänt:bra.test")

# Half characters too: JSON can write them.
_text = st.text(st.characters(), max_size=30)
_word = st.sampled_from(
    [
        *("", "\0", "x", "%%", "AAAA", "A" * 43, KEY, SIGNATURE, SESSION_KEY, PRE_KEY, NORMAL),
        *("@@curve@@", "@@ed@@", "@@session@@", "@@vault@@", "m.text", "join", "!hjälp"),
        *(*_KNOWN, *TO_DEVICE, *STATE),
    ]
)
_number = st.one_of(
    st.integers(-3, 3),
    st.integers(-(2**70), 2**70),
    st.floats(allow_nan=False, allow_infinity=False),
)
_leaf = st.one_of(st.none(), st.booleans(), _number, _text, _word)
_junk = st.recursive(
    _leaf,
    lambda inner: st.one_of(
        st.lists(inner, max_size=4),
        st.dictionaries(st.one_of(_text, _word), inner, max_size=4),
    ),
    max_leaves=8,
)
_rare = st.sampled_from([DEEP, HUGE])
_spoil = st.one_of(
    _junk, _junk, _leaf, _leaf, st.integers(0, 40).flatmap(lambda n: _rare if n == 0 else _leaf)
)


def drawn(count: int, number: int) -> Sequence[Poison]:
    """Draw poisons, a quarter from each family; `number` is the seed."""
    families = (_to_device(), _keys(), _states(), _messages())
    share, more = divmod(count, len(families))
    return [
        poison
        for index, strategy in enumerate(families)
        for poison in _bulk(strategy, share + (index < more), number + index)
    ]


def spare(count: int, number: int) -> Sequence[Poison]:
    """Draw poisons about keys that need no request of the bot's to be delivered."""
    return _bulk(_key_sections(), count, number)


def _bulk(strategy: st.SearchStrategy[Poison], count: int, number: int) -> Sequence[Poison]:
    found: dict[str, Poison] = {}  # each once
    while len(found) < count:
        number += 1_000

        @seed(number)
        @settings(
            max_examples=min(_AT_A_TIME, (count - len(found)) * 5 // 4 + 25),
            database=None,
            deadline=None,
            derandomize=False,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
            verbosity=Verbosity.quiet,
        )
        @given(strategy)
        def collect(poison: Poison) -> None:
            found[repr(poison)] = poison

        collect()
    return list(found.values())[:count]


@st.composite
def _spoiled(draw: st.DrawFn, whole: object) -> object:
    """Spoil one to three places of a JSON value: replaced, taken out, or put into a list."""
    value = whole
    for _ in range(draw(st.integers(1, 3))):
        ways = _ways(value)
        way = ways[draw(st.integers(0, len(ways) - 1))]
        value = draw(_change(value, way))
    return value


def _change(value: object, way: tuple[str | int, ...]) -> st.SearchStrategy[object]:
    return st.one_of(
        _spoil.map(lambda junk: _at(value, way, lambda _: junk)),
        st.just(_at(value, way, lambda there: [there])),
        st.just(_at(value, way, str)),
        st.just(_taken_out(value, way)),
    )


def _ways(value: object) -> Sequence[tuple[str | int, ...]]:
    """List the ways to every place inside, the value itself excluded when it holds anything."""
    inside: list[tuple[str | int, ...]] = []
    pairs = (
        list(value.items())
        if isinstance(value, dict)
        else list(enumerate(value))
        if isinstance(value, list)
        else []
    )
    for step, part in pairs:
        inside += [(step,), *((step, *way) for way in _ways(part) if way)]
    return inside or [()]


def _at(value: object, way: tuple[str | int, ...], change: Callable[[object], object]) -> object:
    if not way:
        return change(value)
    step, rest = way[0], way[1:]
    if isinstance(value, dict):
        return {k: _at(v, rest, change) if k == step else v for k, v in value.items()}
    if isinstance(value, list):
        return [_at(v, rest, change) if n == step else v for n, v in enumerate(value)]
    return value


def _taken_out(value: object, way: tuple[str | int, ...]) -> object:
    if not way:
        return None
    *before, last = way

    def without(place: object) -> object:
        if isinstance(place, dict):
            return {k: v for k, v in place.items() if k != last}
        if isinstance(place, list):
            return [v for n, v in enumerate(place) if n != last]
        return place

    return _at(value, tuple(before), without)


def _poison(
    family: Family, at: tuple[str, ...], where: Where = Where.SYNC, sealed: Sealed = Sealed.NO
) -> Callable[[object], Poison]:
    def make(value: object) -> Poison:
        name = f"generated, {sealed}" if sealed is not Sealed.NO else "generated"
        return Poison(name=name, family=family, at=at, where=where, value=value, sealed=sealed)

    return make


def _to_device() -> st.SearchStrategy[Poison]:
    make = _poison(Family.TO_DEVICE, TO_DEVICE_AT)
    olm = [("m.room.encrypted", TO_DEVICE["m.room.encrypted"])] * 6
    events = st.sampled_from([*TO_DEVICE.items(), *olm]).map(
        lambda pair: {"type": pair[0], "content": pair[1], "sender": "@@stranger@@"}
    )
    bodies = st.tuples(st.sampled_from([0, 1]), _text).map(
        lambda pair: {
            "type": "m.room.encrypted",
            "sender": "@@stranger@@",
            "content": TO_DEVICE["m.room.encrypted"]
            | {"ciphertext": {"@@curve@@": {"type": pair[0], "body": pair[1]}}},
        }
    )
    inner = st.sampled_from(list(INNER.values())).flatmap(_spoiled)
    return st.one_of(
        events.flatmap(_spoiled).map(make),
        events.flatmap(_spoiled).map(make),
        bodies.map(make),
        inner.map(_poison(Family.TO_DEVICE, TO_DEVICE_AT, sealed=Sealed.OLM)),
    )


def _keys() -> st.SearchStrategy[Poison]:
    who = "@@reporter@@"
    usages = ("master", "self_signing", "user_signing")
    devices = st.tuples(st.integers(0, 10**6), _spoiled(DEVICE)).map(
        lambda pair: _poison(Family.KEYS, ("device_keys", who, f"GIFT-{pair[0]}"), Where.QUERY)(
            pair[1]
        )
    )
    signing = st.tuples(st.sampled_from(usages), _spoiled(CROSS_SIGNING)).map(
        lambda pair: _poison(Family.KEYS, (f"{pair[0]}_keys", who), Where.QUERY)(pair[1])
    )
    whole: Sequence[tuple[str, ...]] = [("device_keys",), ("device_keys", who), ("failures",), ()]
    wrong = st.tuples(st.sampled_from(whole), _spoil).map(
        lambda pair: _poison(Family.KEYS, pair[0], Where.QUERY)(pair[1])
    )
    claims = _spoiled({"signed_curve25519:AAAA": ONE_TIME_KEY}).map(
        _poison(Family.KEYS, ("one_time_keys", "@@kim@@", "@@kim-device@@"), Where.CLAIM)
    )
    answers = st.one_of(devices, devices, devices, signing, wrong, claims)
    return st.one_of(answers, _key_sections())


def _key_sections() -> st.SearchStrategy[Poison]:
    lists = st.tuples(st.sampled_from(["changed", "left"]), _spoil).map(
        lambda pair: _poison(Family.KEYS, ("device_lists", pair[0], BACK))(pair[1])
    )
    counts: Sequence[tuple[str, ...]] = [
        ("device_one_time_keys_count",),
        ("device_one_time_keys_count", "signed_curve25519"),
        ("device_unused_fallback_key_types",),
    ]
    sections = st.tuples(st.sampled_from(counts), _spoil).map(
        lambda pair: _poison(Family.KEYS, pair[0])(pair[1])
    )
    # Few of the last kind: one answer has room for one of each only.
    return st.one_of(lists, lists, lists, lists, lists, sections)


def _states() -> st.SearchStrategy[Poison]:
    places = [way(room) for room in ("@@decoy@@", "!okänt:bra.test") for way in (timeline, state)]

    def events(kind: str) -> st.SearchStrategy[object]:
        key, content = STATE[kind]
        return _spoiled(event(kind, content, {"state_key": key, "unsigned": {"prev_content": {}}}))

    kinds = st.sampled_from([*STATE, *["m.room.encryption", "m.room.member"] * 3])
    return st.tuples(st.sampled_from(places), kinds.flatmap(events)).map(
        lambda pair: _poison(Family.STATE, pair[0])(pair[1])
    )


def _messages() -> st.SearchStrategy[Poison]:
    def events(form: str) -> st.SearchStrategy[object]:
        kind, content = MESSAGES[form]
        return st.sampled_from(_KNOWN[:4]).flatmap(
            lambda sender: _spoiled(event(kind, content, {"sender": sender}))
        )

    def inside(form: str) -> st.SearchStrategy[object]:
        kind, content = MESSAGES[form]
        return _spoiled({"type": kind, "content": content, "room_id": "@@vault@@"})

    forms = st.sampled_from([*MESSAGES])
    ends = st.sampled_from([FRONT, BACK])
    plain = st.tuples(st.sampled_from(_ROOMS), ends, forms.flatmap(events)).map(
        lambda drawn: _poison(Family.MESSAGE, timeline(drawn[0], drawn[1]))(drawn[2])
    )
    sealed = forms.flatmap(inside).map(
        _poison(Family.MESSAGE, timeline("@@vault@@"), sealed=Sealed.MEGOLM)
    )
    other = st.one_of(_junk, _junk.map(lambda junk: {"event_id": IDENTIFIER, "content": junk})).map(
        _poison(Family.MESSAGE, timeline("@@direct@@"))
    )
    return st.one_of(plain, plain, plain, sealed, other)
