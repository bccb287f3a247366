"""The story's other half: BRÅ's meeting in November, from its date to what became of its decision.

The months' reports are played in story.py.
"""

from dataclasses import dataclass

from tests.demo.stage import Stage

MEETING = "m1"
CALL = "Kallelse till BRÅ"
STARTS, ENDS = "2026-11-26 13:00", "2026-11-26 15:00"
POLICE = "nadja@polisen.example"
CASE, ASSIGNMENT = "a6", "u1"


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """What a meeting left: the preview of its notes, approved in the office room."""

    preview: str


async def autumn_date(stage: Stage) -> None:
    """Fix the one date that is decided already, with a member whom only e-mail reaches."""
    helena, tell = stage["helena"], stage.transcript
    tell.scene("Höstens BRÅ är redan bestämt; polisen är inte med i chatten och får e-post")
    await helena.says(f"!person ny Nadja Norén; {POLICE}; läsare i BRÅ", room=stage.office)
    with tell.briefly(3):
        await helena.says(
            "!årsplan ny bra torsdag 26 november 2026 13.00",
            "!årsplan fastställ 2026",
            "ja",
            room=stage.office,
        )


async def bring_up(stage: Stage) -> None:
    """Let a member put something on the agenda."""
    stage.transcript.scene("Samma morgon har boten frågat BRÅ efter punkter: Ingrid har en")
    await stage["ingrid"].says("!punkt Halkbekämpning vid busstorget", room=stage.bra)


async def prepare_case(stage: Stage) -> None:
    """Take up what a unit wished for in its answer, and send it to BRÅ."""
    helena, tell = stage["helena"], stage.transcript
    tell.scene("Enheternas önskemål har blivit förslag: Helena tar upp ett och skickar till BRÅ")
    with tell.briefly(14):
        await helena.says("!ärende", room=stage.office)
    await helena.says(
        f"!ärende {CASE} ta Bedragare ringer äldre",
        f"!ärende {CASE} bered Någon ringer äldre och säger sig vara banken; "
        "Varna där äldre är: hemtjänst, bibliotek, kyrkor",
        f"!ärende {CASE} till brå",
        room=stage.office,
    )


async def next_year(stage: Stage) -> None:
    """Fix the year that the bot proposed at the beginning of November."""
    helena, tell = stage["helena"], stage.transcript
    await stage.until("2026-11-10 10:00")
    tell.scene("Tisdag 10 november: Helena fastställer årsplanen som boten föreslog")
    with tell.briefly(8):
        await helena.says("!årsplan", "!årsplan fastställ 2027", "ja", room=stage.office)


async def meet(stage: Stage) -> Held:
    """Play call, answers, meeting, notes and follow-up; give what was approved."""
    await _call(stage)
    await _meeting(stage)
    held = await _notes(stage)
    await _follow_up(stage)
    return held


async def _call(stage: Stage) -> None:
    helena, ingrid, gunnar = stage["helena"], stage["ingrid"], stage["gunnar"]
    tell = stage.transcript
    tell.scene("Måndag 16 november kl. 09.00: kallelsen går ut av sig själv, till rum och e-post")
    await stage.until("2026-11-16 09:00")
    call = await ingrid.newest(stage.bra, CALL)
    tell.scene("Tre sätt att svara: en reaktion, ett ord i tråden, ett telefonsamtal")
    await ingrid.reacts("👍", room=stage.bra, to=call)
    await gunnar.says("Vera Nord kommer i mitt ställe", room=stage.bra, thread=call)
    await helena.says(f"!möte svar {MEETING} Nadja Norén: ja", room=stage.office)
    tell.scene("En punkt efter kallelsen blir ett tillägg")
    await gunnar.says("!punkt Öppet på Kupolen under jullovet", room=stage.bra)
    tell.scene("Onsdag 25 november: påminnelsen dagen före")
    await stage.until("2026-11-25 09:00")


async def _meeting(stage: Stage) -> None:
    helena, tell = stage["helena"], stage.transcript
    tell.scene("Torsdag 26 november kl. 13.00: mötet börjar, Helena antecknar i tråden")
    await stage.until(STARTS)
    begun = await helena.newest(stage.bra, "Mötet med BRÅ börjar")
    await helena.says(
        "!notering 4: Polisen ser färre larm från Kupolen på helgkvällarna.",
        f"!beslut {CASE} uppdrag Varna äldre för falska banksamtal; socialchefen; 7 december",
        "!beslut 9: Fritidsgården håller öppet tre kvällar under jullovet.",
        room=stage.bra,
        thread=begun,
    )
    tell.scene("Ingrid är socialchef och tar uppdraget")
    await stage["ingrid"].says(f"!uppdrag {ASSIGNMENT} ta", room=stage.bra)


async def _notes(stage: Stage) -> Held:
    helena, tell = stage["helena"], stage.transcript
    tell.scene("En timme efter mötet: anteckningarna är skrivna, Helena godkänner med ✅")
    await stage.until("2026-11-26 16:10")
    preview = await helena.newest(stage.office, "Utkast: minnesanteckningar")
    await helena.reacts("✅", room=stage.office, to=preview)
    return Held(preview=preview)


async def _follow_up(stage: Stage) -> None:
    helena, ingrid, tell = stage["helena"], stage["ingrid"], stage.transcript
    tell.scene("Måndag 30 november: en vecka kvar till uppdragets dag")
    await stage.until("2026-11-30 09:10")
    await ingrid.says(
        f"!uppdrag {ASSIGNMENT} rapportera Hemtjänst och bibliotek har varnat alla de möter; "
        "kyrkorna gör det i advent."
    )
    await helena.says(f"!uppdrag {ASSIGNMENT} avsluta", "!läget", room=stage.office)
