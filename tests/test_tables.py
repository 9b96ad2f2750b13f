"""The tables in the docs are those that the hardware is made from."""

import re
from pathlib import Path

import pytest

from hw.gemm_job import JOB
from hw.host_port import HostMemory
from hw.instruction import INSTRUCTION
from hw.packet import MAX_WORDS, PACKET, STATUS_WORDS, Command, Result
from hw.register_map import REGISTERS

DOCS = Path(__file__).parent.parent / "docs"


@pytest.mark.parametrize(
    ("page", "table"),
    [
        ("accelerator", INSTRUCTION),
        ("gemm-accelerator", JOB),
        ("link", PACKET),
        ("link", REGISTERS),
    ],
    ids=["instruction", "job", "packet", "registers"],
)
def test_a_page_has_the_table_of_fields(page, table):
    assert f"\n{table.markdown()}\n\n" in (DOCS / f"{page}.md").read_text()


@pytest.mark.parametrize(
    ("title", "members"),
    [("command", Command), ("result", Result), ("memory", HostMemory)],
)
def test_the_link_page_has_every_code(title, members):
    table = (DOCS / "link.md").read_text().split(f"| {title} | code |")[1].split("\n\n")[0]
    rows = re.findall(r"^\| (\w+) \| (\d+) \|", table, re.MULTILINE)
    assert rows == [(member.name, str(member.value)) for member in members]


def test_the_link_page_has_the_sizes():
    text = (DOCS / "link.md").read_text()
    first = REGISTERS["state"].word
    assert f"`length` words of payload, at most {MAX_WORDS}," in text
    assert f"payload: registers {first} and {first + STATUS_WORDS - 1} |" in text
