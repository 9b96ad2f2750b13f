from pathlib import Path

import numpy as np
import pytest

from flow.errors import UserError
from flow.files import ByteOrder, read_array, write_array
from flow.word_format import WordFormat

INT8 = WordFormat.parse("int8")
INT16 = WordFormat.parse("int16")


@pytest.mark.parametrize("suffix", [".npy", ".hex", ".bin", ".csv", ".HEX"])
@pytest.mark.parametrize("byte_order", list(ByteOrder))
@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("int8", [[-128, -1, 0], [1, 126, 127]]),
        ("uint8", [[0, 255, 10]]),
        ("int16", [[-32768], [32767]]),
        ("int32", [[-(2**31), 2**31 - 1]]),
        ("uint64", [[2**64 - 1, 1]]),
        ("int64", [[-(2**63), 2**63 - 1]]),
        ("float16", [[0.1, -0.0, 65504]]),
        ("float32", [[0.1, -1e-45, 3e38, np.inf, np.nan]]),
        ("float64", [[0.1, 5e-324, -np.inf]]),
    ],
)
def test_what_is_written_reads_back(tmp_path, suffix, byte_order, name, values):
    fmt = WordFormat.parse(name)
    array = np.array(values, fmt.dtype)
    path = tmp_path / f"data{suffix}"
    write_array(path, array, byte_order=byte_order)
    back = read_array(path, fmt, array.shape, byte_order=byte_order)
    assert back.dtype == array.dtype
    np.testing.assert_array_equal(back, array)
    if fmt.kind.value == "float":
        assert (np.signbit(back) == np.signbit(array)).all()
    assert [entry.name for entry in tmp_path.iterdir()] == [path.name]


def test_the_bytes_of_each_kind(tmp_path):
    values = np.array([-2, 258], np.int16)
    for suffix, content in ((".hex", b"fffe\n0102\n"), (".csv", b"-2\n258\n")):
        write_array(tmp_path / f"a{suffix}", values)
        assert (tmp_path / f"a{suffix}").read_bytes() == content
    write_array(tmp_path / "a.bin", values)
    assert (tmp_path / "a.bin").read_bytes() == b"\xfe\xff\x02\x01"
    write_array(tmp_path / "a.bin", values, byte_order=ByteOrder.BIG)
    assert (tmp_path / "a.bin").read_bytes() == b"\xff\xfe\x01\x02"
    write_array(tmp_path / "a.hex", np.array([-1, 5]), WordFormat.parse("int10"))
    assert (tmp_path / "a.hex").read_bytes() == b"3ff\n005\n"
    write_array(tmp_path / "a.csv", values.reshape(1, 2))
    assert (tmp_path / "a.csv").read_bytes() == b"-2,258\n"


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("01\nff\n", [1, -1]),
        ("01 FF\t80", [1, -1, -128]),
        ("// head\n01 // one\n/* two\nlines 33 */ 02", [1, 2]),
        ("@0 01 02 @2\n03 @0003 04", [1, 2, 3, 4]),
        ("0_1\n_7_f_", [1, 127]),
        ("0001", [1]),
        ("1\r\n2\r\n", [1, 2]),
    ],
)
def test_hex_is_read_as_verilog_does(tmp_path, text, values):
    path = tmp_path / "a.hex"
    path.write_bytes(text.encode())
    assert read_array(path, INT8).tolist() == values


@pytest.mark.parametrize(
    ("text", "values", "dtype"),
    [
        ("1,2\n3,4\n", [[1, 2], [3, 4]], np.int64),
        ("1\n-2\n+3\n", [1, -2, 3], np.int64),
        ("# heading\n\n 1 , 2 \n", [[1, 2]], np.int64),
        ("18446744073709551615\n", [2**64 - 1], np.uint64),
        ("1,2.5\n1e3,-inf", [[1, 2.5], [1000, -np.inf]], np.float64),
    ],
)
def test_csv(tmp_path, text, values, dtype):
    path = tmp_path / "a.csv"
    path.write_text(text)
    array = read_array(path)
    assert array.dtype == dtype
    assert array.tolist() == values


def test_npy_of_another_byte_order_and_layout(tmp_path):
    np.save(tmp_path / "a.npy", np.asfortranarray(np.arange(6).reshape(2, 3)).astype(">i4"))
    array = read_array(tmp_path / "a.npy", WordFormat.parse("int8"))
    assert array.dtype == np.int8
    assert array.tolist() == [[0, 1, 2], [3, 4, 5]]


BAD_HEX = [
    ("", "no numbers in it; write it again"),
    ("// only a comment\n", "no numbers in it"),
    ("01\nxx\n", "line 2: xx has unknown bits; initialize that memory"),
    ("01\n1Z\n", "line 2: 1Z has unknown bits"),
    ("hello", "line 1: 'hello' is not a hexadecimal word"),
    ("/* \n */ 0x1f", "line 2: '0x1f' is not a hexadecimal word"),
    ("-1", "line 1: '-1' is not a hexadecimal word"),
    ("__", "line 1: '__' is not a hexadecimal word"),
    ("01\n1ff\n", "line 2: 1ff has 9 bits and the format 8; give a wider --format"),
    ("@10 01", "line 1: @10 leaves the words from address 0 to f out; write them too"),
    ("01 @2 03", "line 1: @2 leaves the words from address 1 to 1 out; write them too"),
    ("01\n@ffffffffffff 02", "line 2: @ffffffffffff leaves the words from address 1 to fff"),
    ("01 02 @1 03", "line 1: @1 was written before; keep one of the two"),
    ("@ 01", "line 1: '@' is not an address like @1f"),
]
BAD_CSV = [
    ("", "no numbers in it; write it again"),
    ("a,b\n1,2\n", "line 1: 'a' is not a number; leave headings out"),
    ("1,2\n3\n", "line 2: 1 fields after lines of 2; it is cut short or not a table"),
    ("1,,2\n", "line 1: an empty field is not a number"),
    ("1_000\n", "is not a number"),
    ("300\n", "300 at [0] is outside int8; change the format"),
    ("1,2\n3,-129\n", "-129 at [1, 1] is outside int8"),
    ("1.5\n", "the type is float64, not int8; convert it or change --format"),
    ("99999999999999999999\n", "line 1: 99999999999999999999 has more than 64 bits"),
    ("-1\n18446744073709551615\n", "numbers below 0 and above 2**63 - 1 have no common type"),
]


@pytest.mark.parametrize(
    ("suffix", "text", "sentence"),
    [(".hex", *case) for case in BAD_HEX] + [(".csv", *case) for case in BAD_CSV],
)
def test_bad_text_is_one_sentence_with_the_line(tmp_path, suffix, text, sentence):
    path = tmp_path / f"a{suffix}"
    path.write_text(text)
    check_refused(path, INT8, sentence)


def check_refused(path, fmt, sentence, shape=None):
    with pytest.raises(UserError) as caught:
        read_array(path, fmt, shape)
    message = str(caught.value)
    assert message.startswith(str(path))
    assert sentence in message
    assert "\n" not in message


@pytest.mark.parametrize("suffix", [".npy", ".hex", ".bin", ".csv"])
def test_empty_missing_and_folder(tmp_path, suffix):
    empty = tmp_path / f"empty{suffix}"
    empty.write_bytes(b"")
    check_refused(empty, INT8, "write it")
    check_refused(
        tmp_path / f"no{suffix}", INT8, "cannot be read: No such file or directory; check"
    )
    (tmp_path / f"folder{suffix}").mkdir()
    check_refused(tmp_path / f"folder{suffix}", INT8, "cannot be read: Is a directory")


@pytest.mark.parametrize("kept", [0, 5, 20, 128, 130, 150])
def test_npy_cut_short(tmp_path, kept):
    path = tmp_path / "a.npy"
    np.save(path, np.arange(100))
    path.write_bytes(path.read_bytes()[:kept])
    check_refused(path, None, "not a whole .npy array of numbers; write it with numpy.save")


@pytest.mark.parametrize(
    ("good", "broken"),
    [
        (b"{", b" "),
        (b"}", b"("),
        (b"4,", b"4w"),
        (b"<i8", b"<q9"),
        (b"False", b"Fals:"),
        (b"(4, 5)", b"(9**9)"),
        (b"(4, 5)", b"(-4,5)"),
    ],
)
def test_npy_with_a_broken_header(tmp_path, good, broken):
    path = tmp_path / "a.npy"
    np.save(path, np.zeros((4, 5), np.int64))
    path.write_bytes(path.read_bytes().replace(good, broken, 1))
    check_refused(path, None, "not a whole .npy array of numbers; write it with numpy.save")


@pytest.mark.parametrize(
    ("array", "sentence"),
    [
        (np.array([1j]), "the type is complex128; convert to integers or floats"),
        (np.array(["a"]), "the type is <U1"),
        (np.array([{}]), "not a whole .npy array of numbers"),
        (np.zeros((0, 3)), "no numbers in it"),
        (np.zeros(3), "the type is float64, not int8; convert it or change --format"),
        (np.array([1, 128]), "128 at [1] is outside int8"),
    ],
)
def test_npy_of_other_types(tmp_path, array, sentence):
    np.save(tmp_path / "a.npy", array)
    check_refused(tmp_path / "a.npy", INT8, sentence)


def test_npy_of_a_narrower_float(tmp_path):
    np.save(tmp_path / "a.npy", np.zeros(3))
    check_refused(tmp_path / "a.npy", WordFormat.parse("float32"), "float64, not float32; convert")


def test_bin_that_is_no_whole_number_of_words(tmp_path):
    (tmp_path / "a.bin").write_bytes(b"abc")
    check_refused(
        tmp_path / "a.bin", INT16, "3 bytes are no whole number of int16 words; it is cut"
    )
    check_refused(
        tmp_path / "a.bin", WordFormat.parse("int12"), "words of a .bin have 8, 16, 32 or 64 bits"
    )


def test_wrong_shape_says_which_way(tmp_path):
    path = tmp_path / "a.bin"
    path.write_bytes(bytes(6))
    check_refused(path, INT8, "6 numbers, but the shape 2 x 4 needs 8; it is cut short or", (2, 4))
    check_refused(path, INT8, "6 numbers, but the shape 5 needs 5; it is too long or", (5,))


def test_unknown_kind_and_missing_format(tmp_path):
    path = tmp_path / "a.txt"
    check_refused(path, INT8, "must end in one of .npy, .hex, .bin, .csv; rename or convert it")
    (tmp_path / "a.hex").write_text("1\n")
    check_refused(tmp_path / "a.hex", None, "does not say what its words are; give --format")
    (tmp_path / "b.hex").write_bytes(b"\xff\xfe")
    check_refused(tmp_path / "b.hex", INT8, "byte 0 is no text; is it a .bin file?")


def test_a_refused_write_leaves_nothing(tmp_path):
    for name, values, fmt, sentence in (
        ("a.hex", np.array([200]), "int8", "200 at [0] is outside int8"),
        ("a.bin", np.array([1]), "int12", "words of a .bin have 8, 16, 32 or 64 bits"),
        ("a.npy", np.array([1.5]), "int8", "the type is float64, not int8"),
    ):
        with pytest.raises(UserError) as caught:
            write_array(tmp_path / name, values, WordFormat.parse(fmt))
        assert sentence in str(caught.value)
    assert list(tmp_path.iterdir()) == []


def test_unreadable(tmp_path, monkeypatch):
    def refuse(path):
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(Path, "read_bytes", refuse)
    check_refused(tmp_path / "a.npy", INT8, "cannot be read: Permission denied")
