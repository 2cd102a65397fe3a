"""A conversation in the terminal, typed by a pipe."""

import asyncio
import os
import pty
import signal
import time

from tests.bot.console import Console, ended, flat
from tests.fake_model import fake_model, says


async def test_a_conversation_ends_with_the_input(sampled: Console) -> None:
    """A question, a follow-up, the commands, one that there is not, and Ctrl-D."""
    typed = "\n".join(["O que é a LSTM?", "", "e o gradiente que some nela?", "/lectures", "/new", "/help", ""])

    ran = await sampled.run("chat", "--course", "redes", typed=typed)

    assert ran.code == 0, ran.err
    assert "╭─ O que é a LSTM? ─" in ran.out
    assert "╭─ e o gradiente que some nela? ─" in ran.out
    assert ran.out.count("[1] 00:") == 2
    assert "aula-07-atencao\n" in ran.out
    assert "A new conversation." in ran.err
    assert ran.err.count("/quit or Ctrl-D ends.") == 2


async def test_a_follow_up_reaches_the_model_with_what_came_before(sampled: Console) -> None:
    typed = "O que é a LSTM?\ne quem a inventou?\n/quit\nnever asked\n"
    async with fake_model(says("A LSTM é uma célula [1].")) as model:
        there = sampled.having(OPENAI_BASE_URL=model.base_url)
        ran = await there.run("chat", "--course", "redes", typed=typed)

    assert ran.code == 0, ran.err
    assert "A LSTM é uma célula [1]." in flat(ran.out)
    assert any("O que é a LSTM?" in prompt and "e quem a inventou?" in prompt for prompt in model.prompts)
    assert not any("never asked" in prompt for prompt in model.prompts)


async def test_ctrl_c_at_the_prompt_ends_at_once(sampled: Console) -> None:
    """Not only when Enter is pressed: a real terminal, at which nobody types anything else."""
    ours, theirs = pty.openpty()
    try:
        process = await sampled.start("chat", "--course", "redes", stdin=theirs, stdout=theirs)
        await _prompted(process)
        began = time.monotonic()
        process.send_signal(signal.SIGINT)
        ran = await ended(process)
    finally:
        os.close(theirs)
        os.close(ours)

    assert time.monotonic() - began < 10
    assert ran.code == 130
    assert ran.err.endswith("Interrupted; what was done so far is kept.\n")


async def _prompted(process: asyncio.subprocess.Process) -> None:
    assert process.stderr is not None
    async with asyncio.timeout(60):
        await process.stderr.readuntil(b"Ctrl-D ends.")
    await asyncio.sleep(0.5)
