"""The weekly digest in Discord: posted when it is due, previewed and scheduled by staff."""

import io
import logging
import re
from datetime import timedelta
from typing import Any

import discord
from discord import app_commands
from discord.ext import commands

from bot.discord.client import Monitoria
from bot.discord.delivering.outlets import QUIET
from bot.discord.hearing.places import Rooms
from bot.discord.languages import named, options, reader
from bot.discord.messages import digest_embed
from bot.discord.messages.defang import plain, shortened
from db.records import Course, DigestSchedule, Language
from services import i18n
from services.digest.page import charts, pages
from services.digest.posting.posting import Post
from services.digest.report import Digest
from services.errors import Refused
from services.ground.ticking import Clock

log = logging.getLogger(__name__)

MOST_LOOKED_AT = 300
"""Messages of the channel, since a digest was begun, among which it is looked for."""
ALL_DAYS = {
    "day.monday": 1,
    "day.tuesday": 2,
    "day.wednesday": 3,
    "day.thursday": 4,
    "day.friday": 5,
    "day.saturday": 6,
    "day.sunday": 7,
}
DAYS = [app_commands.Choice(name=named(key), value=day) for key, day in ALL_DAYS.items()]


class Channels:
    """Posts digests in channels, and finds those that it has posted."""

    def __init__(self, client: discord.Client) -> None:
        self._client = client

    async def post(self, post: Post, digest: Digest) -> int:
        """
        Post a digest, with its charts and the page as files.

        Raises:
            Refused: Discord does not let us.

        """
        language = post.course.language
        embed, files = await shown(digest, language)
        embed.set_footer(text=_mark(post))
        channel = self._client.get_partial_messageable(post.channel_id)
        try:
            sent = await channel.send(embed=embed, files=files, nonce=post.nonce, allowed_mentions=QUIET)
        except (discord.Forbidden, discord.NotFound) as error:
            raise Refused(f"The digest cannot be posted in the channel {post.channel_id} ({error.text}).") from error
        return sent.id

    async def find(self, post: Post) -> int | None:
        """
        Return the message of a digest that an attempt before has posted.

        Raises:
            Refused: Discord does not let us look.

        """
        channel = self._client.get_partial_messageable(post.channel_id)
        after = post.begun_at - timedelta(minutes=5)  # Discord's clock and the database's are not one
        try:
            async for message in channel.history(limit=MOST_LOOKED_AT, after=after, oldest_first=True):
                is_ours = self._client.user is not None and message.author.id == self._client.user.id
                if is_ours and any(embed.footer.text == _mark(post) for embed in message.embeds):
                    return message.id
        except (discord.Forbidden, discord.NotFound) as error:
            raise Refused(f"Nobody can read the channel {post.channel_id} ({error.text}).") from error
        return None


async def shown(digest: Digest, language: Language) -> tuple[discord.Embed, list[discord.File]]:
    """Return a digest as an embed and its files: the charts, where they can be drawn, and the page."""
    png = None if digest.is_empty else await charts.drawn(digest, language)
    files = list[discord.File]()
    if png:
        alt = digest_embed.alt_text(digest, language)
        files.append(discord.File(io.BytesIO(png), filename=digest_embed.PICTURE_NAME, description=alt))
    if not digest.is_empty:
        page = pages.html(digest, language).encode()
        files.append(discord.File(io.BytesIO(page), filename=f"{digest.course.slug}-{digest.period.week}.html"))
    return digest_embed.embed(digest, language), files


def _mark(post: Post) -> str:
    """Return what tells the message of a digest from every other one."""
    return f"{post.period.week} · {post.nonce[:8]}"


class Digesting(
    commands.GroupCog, group_name=named("command.digest.name"), group_description=named("command.digest.description")
):
    """The commands of `/digest`, and the clock by which digests are posted."""

    def __init__(self, bot: Monitoria) -> None:
        super().__init__()
        self._bot = bot
        self._digests = bot.services.digests
        self._mailer = bot.services.mailer
        self._rooms = Rooms(bot, bot.services)
        self._clock = Clock({"digests": self._post, "mails": self._mail})

    @commands.Cog.listener()
    async def on_ready(self) -> None:
        # Not among what a stop waits for, since it never ends: only the calls at work are.
        self._clock.begin()

    async def cog_unload(self) -> None:
        await self._clock.end()

    async def _post(self) -> None:
        if self._bot.is_ready() and not self._bot.is_leaving:
            self._bot.accompany()
            await self._digests.post_due(Channels(self._bot))

    async def _mail(self) -> None:
        if self._mailer and not self._bot.is_leaving:
            self._bot.accompany()
            await self._digests.mail_due(self._mailer.send)

    @app_commands.command(name=named("command.digest.preview"), description=named("command.digest.preview_description"))
    async def preview(self, interaction: discord.Interaction[Any]) -> None:
        course = await self._rooms.require_staffed(interaction, reader(interaction))
        await interaction.response.defer(ephemeral=True, thinking=True)
        language = reader(interaction)
        digest = await self._digests.tell(course, await self._digests.last_week(course))
        embed, files = await shown(digest, language)
        await interaction.followup.send(embed=embed, files=files, ephemeral=True)

    @app_commands.command(name=named("command.digest.now"), description=named("command.digest.now_description"))
    async def now(self, interaction: discord.Interaction[Any]) -> None:
        course = await self._rooms.require_staffed(interaction, reader(interaction))
        await interaction.response.defer(thinking=True)
        digest = await self._digests.tell(course, await self._digests.last_week(course))
        embed, files = await shown(digest, course.language)
        await interaction.followup.send(embed=embed, files=files)

    @app_commands.command(
        name=named("command.digest.schedule"), description=named("command.digest.schedule_description")
    )
    @options(
        channel="command.digest.channel",
        day="command.digest.day",
        hour="command.digest.hour",
        zone="command.digest.zone",
        email="command.digest.email",
        askers="command.digest.askers",
    )
    @app_commands.choices(day=DAYS)
    async def schedule(
        self,
        interaction: discord.Interaction[Any],
        channel: discord.TextChannel | None = None,
        day: app_commands.Choice[int] | None = None,
        hour: app_commands.Range[int, 0, 23] | None = None,
        zone: str | None = None,
        email: str | None = None,
        askers: app_commands.Range[int, 1, 100] | None = None,
    ) -> None:
        course = await self._rooms.require_staffed(interaction, reader(interaction))
        given = {
            "channel_id": channel.id if channel else None,
            "weekday": day.value if day else None,
            "hour": hour,
            "time_zone": zone,
            "emails": None if email is None else _addresses(email),
            "least_askers": askers,
        }
        changes = {name: value for name, value in given.items() if value is not None}
        last = await self._digests.last(course)
        language = reader(interaction)
        if changes:
            now = await self._digests.change(course, changes, reader=language)
        else:
            now = await self._digests.schedule(course)
        said = [self._scheduled(course, now, language), await self._outlook(course, now, language)]
        if now.emails and not self._mailer:
            said.append(i18n.text("digest.no_mailer", language))
        if last and last.has_failed:
            key = "digest.again" if changes else "digest.failed"
            said.append(i18n.text(key, language, week=last.week))
        if last and last.mail_has_failed and now.emails and "emails" not in changes:
            said.append(i18n.text("digest.mail_failed", language, week=last.week))
        await interaction.response.send_message("\n".join(said), ephemeral=True)

    @app_commands.command(name=named("command.digest.stop"), description=named("command.digest.stop_description"))
    async def stop(self, interaction: discord.Interaction[Any]) -> None:
        course = await self._rooms.require_staffed(interaction, reader(interaction))
        await self._digests.stop(course)
        title = shortened(plain(course.title), 100)
        await interaction.response.send_message(
            i18n.text("digest.stopped", reader(interaction), course=title), ephemeral=True
        )

    def _scheduled(self, course: Course, now: DigestSchedule, language: Language) -> str:
        weekday = next(i18n.text(key, language) for key, number in ALL_DAYS.items() if number == now.weekday)
        return i18n.text(
            "digest.scheduled",
            language,
            course=shortened(plain(course.title), 100),
            day=weekday,
            hour=now.hour,
            zone=plain(now.time_zone),
            where=f"<#{now.channel_id}>" if now.channel_id else "–",
            emails=plain(", ".join(now.emails)) or "–",
            askers=now.least_askers,
        )

    async def _outlook(self, course: Course, now: DigestSchedule, language: Language) -> str:
        """Say when the next digest comes, or why none does."""
        if now.channel_id is None and not now.emails:
            return i18n.text("digest.unscheduled", language)
        moment = await self._digests.next_moment(course)
        if moment is None:
            return i18n.text("digest.stopped", language, course=shortened(plain(course.title), 100))
        return i18n.text("digest.next", language, moment=discord.utils.format_dt(moment, "F"))


def _addresses(written: str) -> list[str]:
    """Return the addresses in *written*; none where somebody wrote a dash to have none."""
    return [one for one in re.split(r"[\s,;]+", written) if one.strip("-–—")]
