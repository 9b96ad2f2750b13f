import re
from dataclasses import asdict, replace

import pytest
from gemm_networks import SMALL_GEMM

from flow.gemm_jobs import MatrixJob, check_jobs, job_list, read_jobs

JOB = MatrixJob(
    rows=16,
    tiles_n=4,
    steps_k=8,
    activation_address=0,
    weight_address=448,
    parameter_address=24,
    output_address=192,
)
"""It ends with each memory of `SMALL_GEMM`."""


def test_a_list_is_read_as_it_was_written():
    jobs = [JOB, replace(JOB, rows=1, activation_address=3)]
    words = [7] * 8 + job_list(jobs).tolist() + [9] * 8
    assert list(read_jobs(words, 8)) == jobs
    assert words[8:16] == [16 | 4 << 16, 8, 0, 448, 24, 192, 0, 0]


def test_a_job_may_end_with_the_memories():
    check_jobs([JOB], SMALL_GEMM)


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"rows": 17}, "rows of job 1 must be from 1 to 16, not 17"),
        ({"rows": 0}, "rows of job 1 must be from 1 to 16, not 0"),
        ({"tiles_n": 0}, "tiles_n of job 1 must be at least 1, not 0"),
        ({"steps_k": 0}, "steps_k of job 1 must be at least 1, not 0"),
        (
            {"activation_address": 129},
            "job 1 must stay within the 256 activation_words, and reaches from 129 to 257: take ",
        ),
        ({"output_address": 193}, "job 1 must stay within the 256 activation_words, and reaches"),
        ({"weight_address": 449}, "job 1 must stay within the 512 weight_words, and reaches from"),
        ({"parameter_address": 26}, "job 1 must stay within the 32 parameter_words, and reaches"),
        ({"parameter_address": 1}, "parameter_address of job 1 must be a multiple of 2, not 1"),
        (
            {"output_address": 127},
            "results of job 1 must not be where its operand is, from 0 to 128",
        ),
        ({"output_address": -1}, "job 1 must stay within the 256 activation_words, and reaches"),
    ],
)
def test_what_goes_past_a_memory_is_one_sentence(change, sentence):
    with pytest.raises(ValueError, match=f"^{re.escape(sentence)}"):
        check_jobs([JOB, MatrixJob(**asdict(JOB) | change)], SMALL_GEMM)


def test_a_number_that_no_word_holds_is_refused():
    with pytest.raises(ValueError, match=r"^steps_k must be from 0 to 65535, not 65536$"):
        replace(JOB, steps_k=1 << 16).words()
