"""`make hostile`: send the bot what nobody should send; it must stay up and lose nothing.

A bot on a real Synapse, with a proxy between them that mixes poisons into the answers: each one
written by hand, then as many drawn ones as asked for. With every dose the reporter asks `!hjälp`,
in the same answer as the poisons. The last line is `poisons=5000 down=0 lost=0`: what the bot has
taken; how often it ended, or could not go on; and questions without exactly one answer in time.
"""

import argparse
import asyncio
import statistics
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path

from tests.live.hostile_claims import Claims
from tests.live.hostile_examples import examples
from tests.live.hostile_outcome import Outcome
from tests.live.hostile_poison import Poison, Where
from tests.live.hostile_scene import Scene, moved_in
from tests.live.hostile_strategies import drawn, spare
from tests.live.hostile_wire import Dose

SEED = 20261110
PATIENCE = 5.0
"""Seconds in which a question must have been answered."""

_DOSE = 25
_DRAWN_AT_A_TIME = 500
_QUIET_QUESTIONS = 9
_AFTER = 60.0  # seconds in which a late answer is still told from a lost one
_IDLE = 10  # questions in vain until we believe that the bot asks about no more keys
_SUSPECTS = 6  # doses whose poisons are tried one by one, so that the run ends
_ENOUGH = 20  # harms after which nothing more is given


async def hostile(
    count: int,
    *,
    seed: int = SEED,
    patience: float = PATIENCE,
    say: Callable[[str], None] = lambda _: None,
) -> Outcome:
    """Send every poison written by hand, and at least so many drawn ones."""
    by_hand, made = examples(), drawn(count, seed)
    say(f"{len(by_hand)} poisons by hand, {count} drawn with seed {seed}")
    with tempfile.TemporaryDirectory(prefix="hostile-") as folder:
        async with moved_in(Path(folder)) as scene:
            run = _Run(scene, patience, say)
            await run.quiet_questions()
            await run.give(by_hand)
            for start in range(0, count, _DRAWN_AT_A_TIME):
                await run.give(made[start : start + _DRAWN_AT_A_TIME])
                run.tell()
            everything = (*by_hand, *made)
            left = await run.give_answers([p for p in everything if p.where is Where.QUERY])
            left += await run.give_claims([p for p in everything if p.where is Where.CLAIM])
            if left:
                await run.give(spare(left, seed))
            await run.start_again()
            return await run.judged()


class _Run:
    def __init__(self, scene: Scene, patience: float, say: Callable[[str], None]) -> None:
        self._scene = scene
        self._patience = patience
        self._say = say
        self._asked: dict[str, float] = {}  # each question with the seconds it took
        self._suspects = _SUSPECTS
        self._harms = 0
        self._claims = Claims(scene, patience)
        self.outcome = Outcome()

    def tell(self) -> None:
        """Say how far it has come."""
        self._say(
            f"{self._scene.wire.total} taken, {len(self._asked)} questions, "
            f"slowest answer {max(self._asked.values(), default=0):.2f} s, "
            f"down {self.outcome.down}"
        )

    async def quiet_questions(self) -> None:
        """Measure what is usual."""
        await self._ask(within=_AFTER)  # the first one waits for the bot's start
        self._asked.clear()
        for _ in range(_QUIET_QUESTIONS):
            await self._ask()
        self.outcome.before = statistics.median(self._asked.values())
        await self._scene.meet()

    async def give(self, poisons: Sequence[Poison]) -> None:
        """Give poisons in doses, and find the culprits where a dose does harm."""
        for dose in _doses(poisons):
            if await self._harmless(dose):
                continue
            self._harms += 1
            if self._suspects == 0 or len(dose) == 1:
                self._blame(dose)
                continue
            self._suspects -= 1
            down = self.outcome.down
            guilty = [poison for poison in dose if not await self._harmless([poison])]
            self.outcome.down = down  # once for each harm
            self._blame(guilty or dose)

    async def give_answers(self, poisons: Sequence[Poison]) -> int:
        """Give poisons when the bot asks about devices; tell how many were not asked for.

        A bot that has published no keys does not encrypt, and asks for none.
        """
        waiting, idle = poisons, 0
        while waiting and idle < _IDLE and self._scene.wire.bot_device and self._harms < _ENOUGH:
            before = len(waiting)
            fine, waiting = await self._answered_with(waiting)
            idle = 0 if len(waiting) < before else idle + 1
            if fine:
                continue
            self._harms += 1
            suspects, down = list(self._scene.wire.answered), self.outcome.down
            guilty: list[Poison] = []
            if self._suspects and len(suspects) > 1:
                self._suspects -= 1
                guilty = [p for p in suspects if not (await self._answered_with([p]))[0]]
            self.outcome.down = down
            self._blame(guilty or suspects)
        self._say(f"{len(poisons) - len(waiting)} poisoned answers about keys, {len(waiting)} left")
        return len(waiting)

    async def give_claims(self, poisons: Sequence[Poison]) -> int:
        """Give poisons when the bot asks for one-time keys; tell how many it has not gone on with.

        Each one alone, so that a harm has one culprit.
        """
        left = 0
        for number, poison in enumerate(poisons, 1):
            if not self._scene.wire.bot_device or self._harms >= _ENOUGH:
                return left + len(poisons) - number + 1
            down = self.outcome.down
            await self._claims.offer(poison)
            fine = await self._harmless([])
            if not await self._claims.taken():
                fine, left = False, left + 1
            if number % _DOSE == 0 or number == len(poisons):
                fine = await self._claims.reaches_the_next() and fine
            if not fine:
                self._harms += 1
                self.outcome.down = down + 1
                self._blame([poison])
        self._say(f"{self._scene.wire.claims} poisoned answers with one-time keys, {left} left")
        return left

    async def start_again(self) -> None:
        """End the bot in good order, start it on the same data, and ask once more."""
        status = await self._scene.restart()
        if status != 0:
            self.outcome.faults.append(f"the bot ended with status {status}")
        if not await self._ask(within=_AFTER, counts=False):
            self.outcome.down += 1
            self.outcome.faults.append("started again on its data, the bot did not answer")
        if not await self._claims.reaches_the_poisoned():
            self.outcome.down += 1
            self.outcome.faults.append("it gave no key to devices that it could not reach before")

    async def judged(self) -> Outcome:
        """Count what was lost, and look through the log."""
        found, scene = self.outcome, self._scene
        answers = await self._answers()
        for question, seconds in self._asked.items():
            if answers[question] != 1:
                found.faults.append(f"{question} was answered {answers[question]} times")
            elif seconds > self._patience:
                found.faults.append(f"{question} was answered after {seconds:.1f} s")
            else:
                continue
            found.lost += 1
        if self._harms >= _ENOUGH:
            found.faults.append("not everything was given: that was enough")
        found.poisons, found.claims = scene.wire.total, scene.wire.claims
        found.worst = max(self._asked.values())
        found.faults += [f"log: {line}" for line in scene.errors()]
        self._say(
            f"usual answer {found.before:.2f} s, slowest {found.worst:.2f} s; "
            f"{scene.wire.sent} of the poisons were really sent by a stranger"
        )
        return found

    async def _answers(self) -> Counter[str]:
        deadline = time.monotonic() + _AFTER
        while True:
            answers = await self._scene.answers()
            if all(answers[q] for q in self._asked) or time.monotonic() > deadline:
                return answers
            await asyncio.sleep(1)

    async def _harmless(self, poisons: Sequence[Poison]) -> bool:
        """Give a dose; tell whether the bot took it, is up, and answered."""
        scene = self._scene
        if self._harms >= _ENOUGH:
            return True
        alone = any(poison.where is Where.ALONE for poison in poisons)
        place = (scene.kim, scene.decoy) if alone else (scene.reporter, scene.direct)
        dose = Dose(poisons, place[0].user_id, place[1])
        await scene.send_to_device(poisons)
        scene.wire.arm(dose)
        if alone:
            await scene.notice()
        answered = alone or await self._ask()
        waits = [asyncio.create_task(dose.taken.wait()), asyncio.create_task(scene.bot.ended())]
        await asyncio.wait(waits, timeout=self._patience, return_when=asyncio.FIRST_COMPLETED)
        for task in waits:
            task.cancel()
        if not (scene.bot.is_up and dose.taken.is_set()):
            await scene.restart()
        elif not dose.is_stuck:
            return answered
        self.outcome.down += 1
        if not await self._ask(within=_AFTER, counts=False):
            self.outcome.faults.append("after that, the bot did not come up again")
            self._harms = _ENOUGH
        return False

    async def _answered_with(self, poisons: Sequence[Poison]) -> tuple[bool, Sequence[Poison]]:
        """Let the bot ask about keys; tell whether it is well, and what it has not asked for."""
        self._scene.wire.offer(poisons)
        await self._scene.ask_encrypted()
        fine = await self._harmless([])
        return fine, self._scene.wire.withdraw()

    async def _ask(self, within: float | None = None, *, counts: bool = True) -> bool:
        """Ask, and wait for the answer; tell whether it came in time."""
        patience = within or self._patience
        question, seconds = await self._scene.ask(patience)
        if counts:
            self._asked[question] = seconds
        return seconds <= patience

    def _blame(self, poisons: Sequence[Poison]) -> None:
        for poison in poisons:
            fault = f"{poison.family}, {poison.name}: {'/'.join(poison.at)} {poison.value!r:.600}"
            self.outcome.faults.append(fault)
            self._say(fault)


_KEYS = (Where.QUERY, Where.CLAIM)
"""Answers that the bot has to ask for."""


def _doses(poisons: Sequence[Poison]) -> Sequence[Sequence[Poison]]:
    """Put poisons together, each beside those that it does not spoil."""
    doses: list[list[Poison]] = []
    for poison in poisons:
        if poison.where in _KEYS:
            continue
        for dose in doses:
            if len(dose) < _DOSE and not any(poison.spoils(other) for other in dose):
                dose.append(poison)
                break
        else:
            doses.append([poison])
    return doses


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def main() -> int:
    """Run as asked on the command line; 0 when the bot withstood."""
    parser = argparse.ArgumentParser(description="Poison what the homeserver tells the bot.")
    parser.add_argument("--poisons", type=int, default=5000)
    parser.add_argument("--seed", type=int, default=SEED)
    asked = parser.parse_args()
    began = time.monotonic()
    outcome = asyncio.run(
        hostile(
            asked.poisons,
            seed=asked.seed,
            say=lambda text: _say(f"{time.monotonic() - began:5.0f} s  {text}"),
        )
    )
    for fault in outcome.faults:
        _say(f"fault: {fault}")
    _say(outcome.line)
    return 0 if outcome.is_clean else 1


if __name__ == "__main__":
    sys.exit(main())
