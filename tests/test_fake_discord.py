import asyncio
import io
import time
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import discord
import pytest
from discord import app_commands
from discord.ext import commands

from tests.fake_discord import FakeDiscord, Guild, bits


class Form(discord.ui.Modal, title="Correção"):
    text: discord.ui.TextInput["Form"] = discord.ui.TextInput(label="O que está errado?", custom_id="text")

    async def on_submit(self, interaction: discord.Interaction) -> None:
        await interaction.response.send_message(f"anotado: {self.text.value}", ephemeral=True)


class Buttons(discord.ui.View):
    @discord.ui.button(label="Corrigir", custom_id="fix")
    async def fix(self, interaction: discord.Interaction, _: discord.ui.Button["Buttons"]) -> None:
        await interaction.response.send_modal(Form())

    @discord.ui.button(label="Fechar", custom_id="close")
    async def close(self, interaction: discord.Interaction, button: discord.ui.Button["Buttons"]) -> None:
        button.disabled = True
        await interaction.response.edit_message(view=self)

    @discord.ui.select(custom_id="pick", options=[discord.SelectOption(label="um"), discord.SelectOption(label="dois")])
    async def pick(self, interaction: discord.Interaction, menu: discord.ui.Select["Buttons"]) -> None:
        await interaction.response.defer()
        await interaction.followup.send(f"escolheu {menu.values[0]}", ephemeral=True)


class Bot(commands.Bot):
    """A little of everything that a bot does."""

    def __init__(self) -> None:
        intents = discord.Intents.default() | discord.Intents(message_content=True)
        super().__init__(
            commands.when_mentioned,
            intents=intents,
            allowed_mentions=discord.AllowedMentions.none(),
            guild_ready_timeout=0.05,
        )
        self.heard: list[str] = []
        self.errors: list[BaseException] = []

    async def setup_hook(self) -> None:
        self.tree.error(self.on_tree_error)
        self.tree.command()(ask)
        self.tree.add_command(course)
        self.tree.add_command(app_commands.ContextMenu(name="Perguntar", callback=quote))
        await self.tree.sync()

    async def before_identify_hook(self, shard_id: int | None, *, initial: bool = False) -> None:
        """Do not wait the 5 s of discord.py between one session and the next."""

    async def on_tree_error(self, _: discord.Interaction, error: app_commands.AppCommandError) -> None:
        self.errors.append(error)

    async def on_message(self, message: discord.Message, /) -> None:
        if message.author != self.user:
            self.heard.append(message.content)
        if self.user in message.mentions and message.author != self.user:
            async with message.channel.typing():
                await message.reply("oi @everyone", nonce=str(message.id))

    async def on_thread_create(self, thread: discord.Thread) -> None:
        await thread.send(f"novo: {thread.name}", file=discord.File(io.BytesIO(b"WEBVTT"), "aula.vtt"))

    async def on_raw_reaction_add(self, event: discord.RawReactionActionEvent) -> None:
        self.heard.append(str(event.emoji))


async def complete(_: discord.Interaction, typed: str) -> list[app_commands.Choice[str]]:
    return [app_commands.Choice(name=f"{typed}…", value=typed)]


@app_commands.autocomplete(question=complete)
async def ask(
    interaction: discord.Interaction, question: str, file: discord.Attachment | None = None, private: bool = False
) -> None:
    await interaction.response.defer(thinking=True, ephemeral=private)
    text = (await file.read()).decode() if file else ""
    await interaction.followup.send(f"**{question}** {text}", view=Buttons(timeout=None))
    await interaction.followup.send("e mais", embed=discord.Embed(description="uma fonte"))


course = app_commands.Group(
    name="course",
    description="of administrators",
    guild_only=True,
    default_permissions=discord.Permissions(manage_guild=True),
)


@course.command()
async def bind(interaction: discord.Interaction, channel: discord.TextChannel) -> None:
    await interaction.response.send_message(f"{channel.mention} {interaction.locale} {interaction.user}")


async def quote(interaction: discord.Interaction, message: discord.Message) -> None:
    await interaction.response.send_message(message.content)


@asynccontextmanager
async def running(server: FakeDiscord) -> AsyncGenerator[Bot, None]:
    async with Bot() as bot:
        task = asyncio.create_task(bot.start(server.token))
        await server.connected()
        await bot.wait_until_ready()
        yield bot
        await bot.close()
        await task
    assert not bot.errors


@pytest.fixture
async def server() -> AsyncGenerator[FakeDiscord, None]:
    async with FakeDiscord() as made:
        yield made


@pytest.fixture
def guild(server: FakeDiscord) -> Guild:
    return server.add_guild("Cálculo I")


async def test_a_mention_is_answered_with_a_reply_that_pings_nobody(server: FakeDiscord, guild: Guild) -> None:
    room, ana = server.add_channel(guild, "dúvidas"), server.add_member(guild, "ana")
    async with running(server):
        said = await server.say(ana, room, f"{server.user.mention} olá")

        reply = await server.until(lambda: server.messages(room)[1])

    assert (reply.content, reply.reference, reply.nonce) == ("oi @everyone", said, str(said.id))
    assert not reply.pings
    assert [call.path for call in server.requests if "typing" in call.path] == [f"/channels/{room.id}/typing"]


async def test_a_question_goes_through_deferral_buttons_menu_and_form(server: FakeDiscord, guild: Guild) -> None:
    room, ana = server.add_channel(guild, "dúvidas"), server.add_member(guild, "ana")
    async with running(server):
        notes = server.attachment("notas.txt", b"anexo")
        asked = await server.slash(ana, room, "ask", {"question": "limite?", "file": notes})
        await asked.followed_up()
        first, more = asked.messages
        chosen = await (await server.choose(ana, first, "pick", ["dois"])).followed_up()
        fixing = await (await server.click(ana, first, first.buttons["Corrigir"])).answered()
        sent = await (await server.submit(ana, fixing, {"text": "o sinal"})).done()
        await (await server.click(ana, first, "close")).done()

        assert first.content == "**limite?** anexo"
        assert more.embeds[0]["description"] == "uma fonte"
        assert chosen.followups[0].content == "escolheu dois"
        assert sent.original
        assert (sent.original.content, sent.original.ephemeral) == ("anotado: o sinal", True)
        assert server.messages(room) == [first, more]
        with pytest.raises(AssertionError, match="disabled"):
            await server.click(ana, first, "close")


async def test_commands_complete_nest_and_know_the_person(server: FakeDiscord, guild: Guild) -> None:
    room = server.add_channel(guild, "dúvidas")
    ana = server.add_member(guild, "ana", [server.add_role(guild, "equipe", bits("manage_guild"))], locale="en-US")
    rui = server.add_member(guild, "rui")
    async with running(server):
        choices = await server.autocomplete(ana, room, "ask", "question", "lim")
        bound = await (await server.slash(ana, room, "course bind", {"channel": room})).done()
        said = await server.say(rui, room, "o que é e?")
        quoted = await (await server.menu(rui, room, "Perguntar", said)).done()

        assert choices == [{"name": "lim…", "value": "lim"}]
        assert bound.original
        assert bound.original.content == f"{room.mention} en-US ana"
        assert quoted.original
        assert quoted.original.content == "o que é e?"
        with pytest.raises(AssertionError, match="does not show"):
            await server.slash(rui, room, "course bind", {"channel": room})
        with pytest.raises(AssertionError, match="needs"):
            await server.slash(rui, room, "ask")


async def test_posts_files_reactions_and_direct_messages_arrive(server: FakeDiscord, guild: Guild) -> None:
    forum, ana = server.add_channel(guild, "fórum", "forum"), server.add_member(guild, "ana")
    async with running(server) as bot:
        thread = await server.post(ana, forum, "Integrais", "como?")
        answer = await server.until(lambda: server.messages(thread)[1])
        await server.react(ana, answer, "👍")
        await server.dm(ana, "em particular")
        await server.until(lambda: len(bot.heard) == 3)

    assert thread.id == thread.messages[0].id
    assert (answer.content, answer.attachments[0].data) == ("novo: Integrais", b"WEBVTT")
    assert bot.heard == ["como?", "👍", "em particular"]


async def test_what_is_said_while_the_socket_is_down_is_replayed(server: FakeDiscord, guild: Guild) -> None:
    room, ana = server.add_channel(guild, "dúvidas"), server.add_member(guild, "ana")
    server.heartbeat_interval_s = 0.1
    async with running(server) as bot:
        await server.drop()
        said = await server.say(ana, room, "no meio")
        await server.until(lambda: bot.heard)
        resumed = server.resumed
        await server.deliver_again(said)
        await server.until(lambda: len(bot.heard) == 2)
        await server.until(lambda: len(server.heartbeats) > 3)

        await server.drop(resumable=False)
        await server.say(ana, room, "perdida")
        await server.connected()

    assert resumed == 1
    assert len(server.identified) == 2
    assert bot.heard == ["no meio", "no meio"]


async def test_forbidden_and_malformed_requests_are_refused(server: FakeDiscord, guild: Guild) -> None:
    room, mute = server.add_channel(guild, "dúvidas"), server.add_channel(guild, "mudo")
    server.forbid(mute, "send_messages")
    async with running(server) as bot:
        channel, silent = bot.get_channel(room.id), bot.get_channel(mute.id)
        assert isinstance(channel, discord.TextChannel)
        assert isinstance(silent, discord.TextChannel)
        assert not silent.permissions_for(silent.guild.me).send_messages
        with pytest.raises(discord.Forbidden, match="50013"):
            await silent.send("oi")
        with pytest.raises(discord.HTTPException, match=r"50035.*\n.*content"):
            await channel.send("x" * 2001)
        with pytest.raises(discord.HTTPException, match="50006"):
            await channel.send("")
        with pytest.raises(discord.HTTPException, match="exceeds maximum"):
            await channel.send(embeds=[discord.Embed(description="x" * 4000)] * 2)
        twins = [await channel.send("uma vez", nonce="1"), await channel.send("uma vez", nonce="1")]
        read = [message.content async for message in channel.history(after=discord.Object(1), limit=5)]

    assert twins[0] == twins[1]
    assert read == ["uma vez"]


@pytest.mark.parametrize(
    ("url", "label", "reason"),
    [
        ("javascript://x", "▶ 1", "Scheme must be one of"),
        ("videos.example.org/a.mp4", "▶ 1", "Not a well formed URL"),
        ("https://videos.example.org/aula 1.mp4", "▶ 1", "Not a well formed URL"),
        ("https://", "▶ 1", "Not a well formed URL"),
        ("https://example.org/" + "x" * 500, "▶ 1", "between 1 and 512"),
        ("https://example.org/", "▶" * 81, "between 0 and 80"),
        ("https://example.org/", "", "needs a label"),
    ],
)
async def test_a_link_button_that_discord_would_refuse_is_refused(
    server: FakeDiscord, guild: Guild, url: str, label: str, reason: str
) -> None:
    room = server.add_channel(guild, "dúvidas")
    view = discord.ui.View(timeout=None).add_item(discord.ui.Button(label=label, url=url))
    async with running(server) as bot:
        channel = bot.get_channel(room.id)
        assert isinstance(channel, discord.TextChannel)
        with pytest.raises(discord.HTTPException, match=reason):
            await channel.send("aqui", view=view)


async def test_a_message_in_the_newer_layout_never_has_text_or_embeds_again(server: FakeDiscord, guild: Guild) -> None:
    room = server.add_channel(guild, "dúvidas")
    layout = discord.ui.LayoutView(timeout=None).add_item(discord.ui.TextDisplay[discord.ui.LayoutView]("aqui"))
    async with running(server) as bot:
        channel = bot.get_channel(room.id)
        assert isinstance(channel, discord.TextChannel)
        old = await channel.send("aqui", embed=discord.Embed(description="ali"))
        new = await old.edit(content=None, embed=None, view=layout)
        with pytest.raises(discord.HTTPException, match="components v2"):
            await new.edit(content="aqui", embed=discord.Embed(description="ali"), view=None)


async def test_an_expired_or_second_answer_is_refused(server: FakeDiscord, guild: Guild) -> None:
    room, ana = server.add_channel(guild, "dúvidas"), server.add_member(guild, "ana")
    async with running(server) as bot:
        caught: list[discord.Interaction] = []
        bot.add_listener(_kept(caught), "on_interaction")
        asked = await server.slash(ana, room, "ask", {"question": "limite?", "private": True})
        await asked.followed_up()
        server.expire(asked)

        with pytest.raises(discord.HTTPException, match="50027"):
            await caught[0].edit_original_response(content="tarde")
        again = await server.slash(ana, room, "ask", {"question": "limite?"})
        await again.followed_up()
        await server.deliver_again(again)
        await server.until(lambda: "40060" in str(bot.errors.pop()))
    assert [message.ephemeral for message in asked.messages] == [True, False]


def _kept(caught: list[discord.Interaction]):  # noqa: ANN202  # a listener, of a type too long to be of use
    async def on_interaction(interaction: discord.Interaction) -> None:
        caught.append(interaction)

    return on_interaction


async def test_a_rate_limit_slows_the_bot_down(server: FakeDiscord, guild: Guild) -> None:
    room = server.add_channel(guild, "dúvidas")
    limit = server.rate_limit(r"POST /channels/\d+/messages", after=2, per_s=0.3)
    async with running(server) as bot:
        channel = bot.get_partial_messageable(room.id)
        start_s = time.monotonic()
        await asyncio.gather(*(channel.send(str(number)) for number in range(5)))

    assert time.monotonic() - start_s > 0.5
    assert limit.refused
    assert sorted(message.content for message in server.messages(room)) == list("01234")


async def test_refused_intents_and_tokens_end_the_bot(server: FakeDiscord) -> None:
    async with Bot() as bot:
        server.refuse_intents = True
        with pytest.raises(discord.PrivilegedIntentsRequired):
            await bot.start(server.token)
    async with Bot() as bot:
        with pytest.raises(discord.LoginFailure):
            await bot.start("another")


async def test_without_the_intent_a_message_comes_without_its_text(server: FakeDiscord, guild: Guild) -> None:
    room, ana = server.add_channel(guild, "dúvidas"), server.add_member(guild, "ana")
    async with running(server):
        said = await server.say(ana, room, "segredo")

    assert said.event
    seen = server.readable(said.event[1], room, discord.Intents.default().value)
    assert (said.content, seen["content"]) == ("segredo", "")


async def test_a_route_that_is_missing_fails_the_test() -> None:
    async def use_it() -> None:
        async with FakeDiscord() as server:
            server.add_guild("Cálculo I")
            async with running(server) as bot:
                with pytest.raises(discord.NotFound):
                    await bot.fetch_sticker(1)

    with pytest.raises(AssertionError, match=r"does not know.*GET /stickers/1"):
        await use_it()


async def test_a_forward_holds_the_words_in_its_snapshot_alone(server: FakeDiscord, guild: Guild) -> None:
    room, ana = server.add_channel(guild, "dúvidas"), server.add_member(guild, "ana")
    said = await server.say(ana, room, "o que é um limite?")
    async with running(server) as bot:
        caught: list[discord.Message] = []
        bot.add_listener(_kept_message(caught), "on_message")

        await server.forward(ana, said, room)
        await server.until(lambda: caught)

    (passed_on,) = caught
    assert passed_on.content == ""
    assert [it.content for it in passed_on.message_snapshots] == [said.content]
    assert passed_on.type is discord.MessageType.default
    assert passed_on.reference
    assert passed_on.reference.type is discord.MessageReferenceType.forward


async def test_the_chat_of_a_voice_room_is_heard_but_read_by_who_may_connect(server: FakeDiscord, guild: Guild) -> None:
    rooms = [server.add_channel(guild, "sala", "voice"), server.add_channel(guild, "palco", "stage")]
    ana = server.add_member(guild, "ana")
    async with running(server) as bot:
        await server.say(ana, rooms[0], "oi")
        await server.until(lambda: bot.heard)
        (server_,) = bot.guilds
        voice, stage = server_.voice_channels[0], server_.stage_channels[0]
        read = [message.content async for message in voice.history()]
        server.forbid(rooms[0], "connect")
        server.forbid(rooms[1], "read_message_history")
        with pytest.raises(discord.Forbidden, match="50001"):
            await anext(voice.history())
        with pytest.raises(StopAsyncIteration):  # Discord shows nothing, and says nothing
            await anext(stage.history())

    assert read == ["oi"]


async def test_closed_threads_are_listed_by_the_time_of_their_closing(server: FakeDiscord, guild: Guild) -> None:
    room, ana = server.add_channel(guild, "dúvidas"), server.add_member(guild, "ana")
    threads = [server.open_thread(room, ana.user, str(number)) for number in range(4)]
    for number in (2, 0, 1, 3):
        server.close_thread(threads[number])
        threads[number].archived_at = f"2026-01-0{number + 1}T00:00:00+00:00"
    threads[3].joined = {ana.id, server.user.id}
    async with running(server) as bot:
        channel = bot.get_channel(room.id)
        assert isinstance(channel, discord.TextChannel)

        public = [it.name async for it in channel.archived_threads(limit=None)]
        earlier = [it.name async for it in channel.archived_threads(before=discord.utils.parse_time("2026-01-03"))]
        private = [it.name async for it in channel.archived_threads(private=True, joined=True)]
        server.forbid(room, "read_message_history")
        with pytest.raises(discord.Forbidden):
            await anext(channel.archived_threads())

    assert (public, earlier, private) == (["2", "1", "0"], ["1", "0"], ["3"])


async def test_writing_in_a_closed_thread_opens_it(server: FakeDiscord, guild: Guild) -> None:
    room, ana = server.add_channel(guild, "dúvidas"), server.add_member(guild, "ana")
    thread = server.open_thread(room, ana.user, "conversa")
    async with running(server) as bot:
        server.close_thread(thread)
        await server.say(ana, thread, "mais uma")
        await server.until(lambda: "mais uma" in bot.heard)

        found = bot.get_channel(thread.id)

        assert isinstance(found, discord.Thread)
        assert not found.archived


async def test_strangers_cannot_be_written_to(server: FakeDiscord, guild: Guild) -> None:
    ana = server.add_member(guild, "ana")
    server.strangers.add(ana.id)
    async with running(server) as bot:
        user = await bot.fetch_user(ana.id)
        with pytest.raises(discord.Forbidden, match="50278"):
            await user.send("oi")


def _kept_message(caught: list[discord.Message]):  # noqa: ANN202  # a listener, of a type too long to be of use
    async def on_message(message: discord.Message) -> None:
        caught.append(message)

    return on_message
