"""Staff read in their channel, once, that the judge has changed."""

from tests.bot.discord.conftest import Campus, eventually
from tests.bot.discord.desk import Desk, desk

ALERT = """
with measured as (
    insert into judge_runs (course_id, kind, model, labels, half, n, missing, figures)
    select id, 'canary', 'juiz', 'IIPC', 'all', 20, 0, '{}' from courses limit 1 returning id, course_id
)
insert into judge_alerts (course_id, run_id, kind, model, shift, part, n, made_at)
select course_id, id, 'shift', 'juiz *novo*', -0.5, 0, 20, timestamptz '2026-11-30' from measured
union all select course_id, id, 'missed', 'juiz', null, 2, 20, timestamptz '2026-11-30' from measured
"""


def alerts(desk: Desk) -> list[str]:
    return [message.content for message in desk.campus.server.messages(desk.staff) if "juiz" in (message.content or "")]


async def told(desk: Desk) -> int:
    return len(alerts(desk))


async def waiting(desk: Desk) -> list[int]:
    return await desk.column("select count(*) from judge_alerts where told_at is null")


async def test_an_alert_is_told_once_with_model_and_date(campus: Campus) -> None:
    async with desk(campus) as there:
        await there.change(ALERT)
        await eventually(lambda: waiting(there), [0])
        await there.change("update judge_alerts set claimed_until = '-infinity'")
        left = await there.client.services.alerts.due()
        second, first = sorted(alerts(there))  # each is a message of its own, in no order

    said = "O juiz mudou: em 2026-11-30 (UTC), juiz \\*novo\\* deu a 20 respostas de controle, em média, 0,5 pontos a"
    assert first.startswith(said)
    assert "aceitou como certas 2 de 20 frases" in second
    assert "`monitoria judge runs --course " in first
    assert left == []


async def test_a_channel_that_refuses_it_gets_it_later(campus: Campus) -> None:
    async with desk(campus) as there:
        await there.change("update course_settings set staff_channel_id = staff_channel_id + 1")
        await there.change(ALERT)
        claimed = "select count(*) from judge_alerts where claimed_until > now()"
        await eventually(lambda: there.column(claimed), [2])
        assert await told(there) == 0
        await there.change("update course_settings set staff_channel_id = staff_channel_id - 1")
        await there.change("update judge_alerts set claimed_until = '-infinity'")
        await eventually(lambda: told(there), 2)
