"""The latencies between the events of a program, from the components of an accelerator."""

import gc
import warnings
from dataclasses import dataclass
from functools import cache

from amaranth.hdl import UnusedElaboratable

from hw.accelerator import Accelerator
from hw.activation_reader import ActivationReader
from hw.dispatcher import Dispatcher
from hw.instruction_check import InstructionCheck
from hw.instruction_fetch import InstructionFetch
from hw.output_buffer import OutputBuffer
from hw.output_writer import OutputWriter
from hw.sequencer import Sequencer
from hw.stream_buffer import StreamBuffer

__all__ = ["CoreTiming", "core_timing"]


@dataclass(frozen=True)
class CoreTiming:
    """Latencies in cycles; depths in rows.

    Parameters
    ----------
    start : int
        From the start of a program until its first instruction is read from memory.
    dispatch : int
        From there until it is before the dispatcher.
    word : int
        From the address of a word of weights or parameters to the word at its reader's output.
    words_ahead : int
        Words for which each of these readers has room.
    words_return : int
        From a word's leaving its reader until there is room for another.
    read : int
        From the step of the activation reader for a row until the row can be launched.
    read_done : int
        From there until the row counts as read.
    read_depth : int
        Rows for which the reader has room.
    filled : int
        From the launch of a row until its accumulators may be drained; 0 with one bank.
    result : int
        From the launch of a row, or with two banks its drain, to its result.
    written : int
        From a result until it counts as written.
    """

    start: int
    dispatch: int
    word: int
    words_ahead: int
    words_return: int
    read: int
    read_done: int
    read_depth: int
    filled: int
    result: int
    written: int


@cache
def core_timing(config):
    """Return the latencies of an accelerator of a configuration."""
    with warnings.catch_warnings():
        # It is made only to be asked, and its parts refer to each other.
        warnings.simplefilter("ignore", UnusedElaboratable)
        timing = _ask(config)
        gc.collect()
    return timing


def _ask(config):
    core = Accelerator(config)
    engine = core.datapath.engine
    reader = ActivationReader(
        rows=config.engine.rows,
        size=config.activation_bytes,
        read_latency=core.datapath.read_latency,
    )
    words = core.datapath.word_reader(config.weight_row, config.weight_words)
    # The fetch reads from the cycle after its start on.
    dispatch = InstructionFetch.LATENCY - 1 + InstructionCheck.LATENCY + OutputBuffer.LATENCY
    filled = engine.filled_after + 1 if config.engine.banks > 1 else 0
    return CoreTiming(
        start=Sequencer.START_LATENCY - Dispatcher.OFFER_AFTER - dispatch,
        dispatch=dispatch,
        word=words.word_latency,
        words_ahead=words.ahead,
        words_return=words.room_after,
        read=reader.pipeline_latency + OutputBuffer.LATENCY + StreamBuffer.LATENCY,
        read_done=reader.pipeline_latency + ActivationReader.COUNTED_AFTER,
        read_depth=reader.buffer_depth,
        filled=filled,
        result=engine.pipeline_latency - filled,
        written=OutputBuffer.LATENCY + OutputWriter.COUNTED_AFTER,
    )
