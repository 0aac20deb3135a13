"""A process that is killed at any moment leaves nothing half done."""

import asyncio
import sys
from pathlib import Path

CAMPAIGN = Path(__file__).with_name("kill_campaign.py")


async def test_25_killed_writers_leave_no_file_unreadable_and_lose_nothing_acknowledged() -> None:
    campaign = await asyncio.create_subprocess_exec(
        sys.executable, CAMPAIGN, "--kills", "25", stdout=asyncio.subprocess.PIPE
    )
    output, _ = await campaign.communicate()
    assert campaign.returncode == 0, output.decode()
    assert output.startswith(b"25 kills; ")
