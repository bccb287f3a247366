"""The story: two months' reports in Exempelby kommun in the autumn of 2026, and BRÅ's next meeting.

Everybody and everything in it is invented. The meeting's scenes stand in council.py; how it all is
checked belongs in verify.py.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from tests.demo.council import Held, autumn_date, bring_up, meet, next_year, prepare_case
from tests.demo.stage import MUNICIPALITY, Stage

BEGINS = "2026-09-28 08:30"
INVENTED_NUMBER = "121212-1212"
"""A number used in examples for decades; nobody's."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Approved:
    """What a coordinator approved: the preview's first message in the office room."""

    period: str
    preview: str
    answers: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Played:
    """What was approved in each month, and after the meeting."""

    months: Sequence[Approved]
    held: Held


async def play(stage: Stage) -> Played:
    """Play both months and the meeting; give what was approved."""
    await _prepare(stage)
    months = [await _september(stage), await _october(stage)]
    await prepare_case(stage)
    await next_year(stage)
    return Played(months=months, held=await meet(stage))


async def _prepare(stage: Stage) -> None:
    helena, anders = stage["helena"], stage["anders"]
    stage.transcript.scene("Måndag 28 september: samordnaren bjuder in boten")
    bot = stage.transcript.bot
    ids = {who: player.user.user_id for who, player in stage.players.items()}
    for name, guests, word in (
        ("Samordning", ("nils", "sara"), "samordnare"),
        ("BRÅ", ("nils", "ingrid", "gunnar"), "bra"),
        ("SAMSA", ("nils", "rolf"), "samsa"),
        ("Ledningsgruppen", ("nils", "gunnar"), "ledning"),
    ):
        room = await helena.user.create_room(
            f"{name} {MUNICIPALITY}", [bot, *(ids[g] for g in guests)]
        )
        stage.groups.add(room)
        stage.transcript.rooms[room] = name
        match word:
            case "samordnare":
                stage.office = room
            case "bra":
                stage.bra = room
            case "samsa":
                stage.samsa = room
            case _:
                stage.management = room
        await helena.user.wait_for(
            lambda e, room=room: (  # type: ignore[misc]
                e["room_id"] == room
                and e.get("state_key") == bot
                and e["content"].get("membership") == "join"
            ),
            within=20,
        )
        await helena.says(f"!rum {word}", room=room)
    await stage.talk()
    await helena.says("!hälsa", room=stage.office)
    await autumn_date(stage)
    await stage.until("2026-09-30 13:10")
    stage.transcript.scene("Onsdag 30 september: en rapportör ska vara borta när frågan kommer")
    await anders.begins()
    await anders.says("frånvaro 1–9 oktober")


async def _september(stage: Stage) -> Approved:
    stage.transcript.scene("Torsdag 1 oktober kl. 09.00: omgången om september öppnar av sig själv")
    with stage.transcript.briefly(4):
        await stage.until("2026-10-01 09:00")
    await _september_answers(stage)
    helena = stage["helena"]
    stage.transcript.scene(
        "Måndag 5 oktober: första påminnelsen, bara till dem som inte har svarat"
    )
    with stage.transcript.briefly(6):
        await stage.until("2026-10-05 09:20")
    await stage["ali"].says(
        "gult\nsamma\notrygg plats, trafik\n"
        "Trasig belysning längs gångvägen till sporthallen. A-traktorer kör där på kvällarna.\n"
        "pågår hela tiden\nmer\nStrömnäs\nkväll, helg\nfelanmält\n3\nnej\nskicka"
    )
    stage.transcript.scene("Tisdag 6 oktober: andra påminnelsen; samordnaren frågar hur det går")
    with stage.transcript.briefly(4):
        await stage.until("2026-10-06 10:00")
    await helena.says("!läget", room=stage.office)
    stage.transcript.scene("Onsdag 7 oktober kl. 16.00: omgången stänger, en enhet har inte svarat")
    await stage.until("2026-10-07 16:30")
    stage.transcript.scene("Torsdag 8 oktober: samordnaren sammanställer")
    await stage.until("2026-10-08 08:20")
    await helena.says(
        "!sammanfattning Oroligare kvällar vid Kupolen och torget; fritid, polis och nattvandrare "
        "planerar tillsammans.\nFler elever vejpar på gymnasiet. Ta upp i SAMSA.\n"
        "Lugnt på förskolor, i sporthallen och på Norrsjö skola.",
        room=stage.office,
    )
    await helena.says("!sammanställ", room=stage.office)
    preview = await _preview(stage, "september")
    stage.transcript.scene("Samordnaren har läst och godkänner med ✅")
    await helena.reacts("✅", room=stage.office, to=preview)
    await helena.reads("Lägesbilden ligger nu", stage.office, times=2)
    await stage.settle()
    thanks = await stage["ingrid"].remarks("Tack! Vi tar Kupolen på morgonmötet.", stage.bra)
    await stage.told(thanks)
    return Approved(period="2026-09", preview=preview, answers=11)


async def _september_answers(stage: Stage) -> None:
    tell = stage.transcript
    tell.scene("Sporthallen: allt som vanligt, tre siffror")
    await stage["peter"].says("1", "2", "1")
    tell.scene("Gymnasiet: hela svaret i ett meddelande")
    await stage["erik"].says(
        "2\n3\n1, 10\n"
        "Fler elever vejpar på toaletterna, och flera uteblir från lektionerna efter lunch.\n"
        "3\nExempelby\n1\n1, 2 extra vuxna i korridorerna\n3\n"
        "Halloweenfest på Kupolen fredag 30 oktober, vi hjälper till.\nskicka"
    )
    with tell.briefly(5):
        tell.scene("Fritidsgården: den ena ledaren börjar, den andra skickar ett långt rött svar")
        await stage["oskar"].says("3", "3", "10, 12")
        await stage["samira"].says(
            "röd", "sämre", "1, 3, 4",
            "Tre kvällar i rad har ett tjugotal ungdomar samlats utanför. Alkohol och två "
            "slagsmål, och personal har blivit hotad. Yngre barn vågar inte komma.",
            "2", "mer", "Exempelby", "3, 5", "1, 3, 6 nattvandrare två kvällar", "4, 5",
            "Halloweenfest fredag 30 oktober, vi väntar över hundra besökare.", "skicka",
        )  # fmt: skip
        tell.scene("Kollegan lägger till det han har sett")
        await stage["oskar"].says(
            "Nya ansikten, äldre än våra vanliga, bjuder in yngre att hänga med till torget.",
            "2", "räcker så", "skicka",
        )  # fmt: skip
        tell.scene("Exempelbyhus: svarar, och rättar sig genom att redigera")
        lena = stage["lena"]
        await lena.says("gul", "2")
        category = await lena.says("2")
        await lena.says(
            "Klotter i två trapphus, och hänglås uppbrutna på sex förråd.", "2", "1", "skicka"
        )
    await lena.edits(category, "2, 5")
    tell.scene("Granviksskolan: ett personnummer (påhittat) slinker med")
    with tell.briefly(7):
        await stage["karin"].says(
            "2", "3", "3, 4, 6", f"Eleven {INVENTED_NUMBER} kör moped på skolgården.",
            "Mopeder kör fort över skolgården efter skolan. Bråk i kön till bussen.", "3", "mer",
            "Granvik", "2", "1, 2", "närvaro", "Höstlov vecka 44.", "skicka",
        )  # fmt: skip
    await stage.until("2026-10-02 10:15")
    tell.scene("Fredag 2 oktober: Maria svarar för två enheter, Petra för sin kollega")
    with tell.briefly(5):
        await stage["maria"].says("1", "2", "1")
        await stage["maria"].says("0", "1")
        await stage["petra"].says(
            "2\n3\n1, 7, 10\n"
            "Fler orosanmälningar om unga som är ute sent. Några har fått pengar erbjudna i "
            "chattgrupper för att lämna paket.\n"
            "2\nmer\npå nätet\n3\n4, 6\n3, 4\nnej\nskicka"
        )
        await stage["tomas"].says(
            "2\n2\n2, 4\nTre anlagda bränder i papperskorgar och en i ett vindskydd.\n"
            "2\nmer\nLillfors\n3, 4\n3\n1\nnej\nskicka"
        )
        await stage["greta"].says(
            "2", "3", "4, 10, 14", "Stökigt mellan tre och fem. Rykten om bråk vid torget gör att "
            "äldre besökare går tidigare.",
            "3", "1", "skicka",
        )  # fmt: skip


async def _october(stage: Stage) -> Approved:
    tell = stage.transcript
    tell.scene("Måndag 2 november kl. 09.00: omgången om oktober öppnar")
    with tell.briefly(6):
        await stage.until("2026-11-02 09:00")
    await stage["nils"].says("!läget", room=stage.office)
    await _october_answers(stage)
    nils = stage["nils"]
    tell.scene("Torsdag 5 november: sista påminnelsen")
    with tell.briefly(4):
        await stage.until("2026-11-05 10:00")
    await bring_up(stage)
    tell.scene("Fredag 6 november kl. 16.00: omgången stänger")
    await stage.until("2026-11-06 16:30")
    tell.scene("Måndag 9 november: gymnasiet svarar sent, Nils sammanställer åt Helena")
    await stage.until("2026-11-09 08:15")
    with tell.briefly(5):
        await stage["erik"].says(
            "2\n1\n1, 10\nMindre vejpning sedan toaletterna hålls låsta på lektionstid."
            "\n2\nräcker så\nskicka"
        )
    await nils.says(
        "!sammanfattning Tydligt lugnare vid Kupolen sedan vuxna går ut två kvällar i veckan."
        "\nHalloween gick bra. Bedragare ringer äldre i Norrsjö.",
        room=stage.office,
    )
    await nils.says("!sammanställ", room=stage.office)
    await _preview(stage, "oktober")
    tell.scene("Ett svar ändras efter förhandsvisningen: boten frågar en gång")
    with tell.briefly(6):
        await stage["karin"].edits(
            stage.kept["granvik"],
            "2\n2\n4, 6\nMopederna är tillbaka, och det är stökigt i busskön."
            "\n2\nräcker så\nskicka",
        )
    await nils.says("!publicera", room=stage.office)
    await nils.says("!sammanställ", room=stage.office)
    preview = await _preview(stage, "oktober")
    tell.scene("Samordnarens ersättare godkänner med ett ord")
    await nils.says("!publicera", room=stage.office)
    await nils.reads("Lägesbilden ligger nu", stage.office, times=4)
    await stage.settle()
    return Approved(period="2026-10", preview=preview, answers=12)


async def _october_answers(stage: Stage) -> None:
    tell = stage.transcript
    tell.scene("Oförändrat: förra månadens svar visas först")
    await stage["tomas"].says("oförändrat", "ja")
    tell.scene("Sporthallen svarar med reaktioner")
    await stage["peter"].reacts("🟢", "2️⃣", "1️⃣")
    tell.scene("De andra svarar under veckan")
    with tell.briefly(4):
        stage.kept["granvik"] = await stage["karin"].says("1\n1\nskicka")
        await stage["maria"].says("1", "2", "1")
        await stage["maria"].says("0", "1")
        await stage.until("2026-11-03 14:00")
        await stage["samira"].says(
            "gult\nbättre\n1, 4\n"
            "Fortfarande samlingar på fredagar och en del alkohol, men inget våld.\n"
            "2\nmer\nExempelby\n3, 5\n1, 6 nattvandrare varje fredag\n5\nnej\nskicka"
        )
        await stage["greta"].says("1", "1", "1")
        await stage["anders"].says(
            "2",
            "2",
            "1, 10",
            "Några unga har vi nu kontakt med. Oron finns kvar.",
            "2",
            "1",
            "skicka",
        )
        await stage["lena"].says("1", "1", "1")
        await stage.until("2026-11-04 09:30")
        await stage["ali"].says(
            "1", "1", "2", "12", "Belysningen i Strömnäs är lagad.", "1", "1", "skicka"
        )
        await stage["birgit"].says(
            "2\nvet inte\n5\n"
            "Flera äldre har blivit uppringda av någon som säger sig vara från banken.\n"
            "2\nmer\nNorrsjö\n1\n3, 6 information vid hembesök\n4\nnej\nskicka"
        )


async def _preview(stage: Stage, month: str) -> str:
    """Give the event id of the newest preview."""
    helena = stage["helena"]
    await helena.reads("Förhandsvisning", stage.office)
    return await helena.newest(stage.office)
