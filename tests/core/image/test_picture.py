# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Pictures from files of every kind, what is none, and back to files."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from semcom_core.errors import ConfigError, FrameError
from semcom_core.image.picture import (
    MAX_SIDE,
    check_importance,
    check_pixels,
    pictures_in,
    read_picture,
    write_picture,
)

RED = (200, 30, 40)


def saved(image: Image.Image, path, **options):
    """Path of an image that was written."""
    image.save(path, **options)
    return path


def noise(height: int, width: int) -> np.ndarray:
    return np.random.default_rng(height * width).integers(
        256, size=(height, width, 3), dtype=np.uint8
    )


@pytest.mark.parametrize("ending", ["png", "bmp", "tif", "webp", "ppm"])
def test_lossless_files_come_back_exactly(tmp_path, ending):
    pixels = noise(13, 21)
    Image.fromarray(pixels).save(
        tmp_path / f"a.{ending}", **({"lossless": True} if ending == "webp" else {})
    )
    assert np.array_equal(read_picture(tmp_path / f"a.{ending}"), pixels)


def test_one_pixel_and_a_large_picture(tmp_path):
    write_picture(tmp_path / "one.png", np.full((1, 1, 3), RED, np.uint8))
    assert read_picture(tmp_path / "one.png").tolist() == [[list(RED)]]
    large = read_picture(saved(Image.new("RGB", (5000, 3000), RED), tmp_path / "large.png"))
    assert large.shape == (3000, 5000, 3) and (large == RED).all()


def test_a_side_too_long_is_refused_before_it_is_decoded(tmp_path):
    path = saved(Image.new("1", (MAX_SIDE + 1, 1)), tmp_path / "long.png")
    with pytest.raises(
        FrameError, match=f"has {MAX_SIDE + 1}x1 pixels; allowed is 1 to {MAX_SIDE}"
    ):
        read_picture(path)


@pytest.mark.parametrize(
    ("mode", "value", "expected"),
    [
        ("L", 77, (77, 77, 77)),
        ("1", 1, (255, 255, 255)),
        ("LA", (80, 255), (80, 80, 80)),
        ("LA", (80, 0), (255, 255, 255)),
        ("RGBA", (*RED, 255), RED),
        ("RGBA", (*RED, 0), (255, 255, 255)),
        ("RGBA", (0, 0, 0, 51), (204, 204, 204)),
    ],
)
def test_grey_and_transparent_pictures(tmp_path, mode, value, expected):
    path = saved(Image.new(mode, (5, 4), value), tmp_path / "a.png")
    assert (read_picture(path) == expected).all()


def test_sixteen_bits_keep_the_high_byte(tmp_path):
    values = np.array([[0, 255, 256], [32768, 65280, 65535]], np.uint16)
    path = saved(Image.fromarray(values), tmp_path / "deep.png")
    assert read_picture(path)[..., 0].tolist() == [[0, 0, 1], [128, 255, 255]]


def test_palettes_with_a_transparent_colour(tmp_path):
    image = Image.new("P", (4, 4), 1)
    image.putpalette([0, 0, 0, *RED])
    assert (read_picture(saved(image, tmp_path / "p.png")) == RED).all()
    assert (read_picture(saved(image, tmp_path / "t.png", transparency=1)) == 255).all()


def test_cmyk_and_float_pictures(tmp_path):
    cyan = read_picture(
        saved(Image.new("CMYK", (8, 8), (255, 0, 0, 0)), tmp_path / "c.jpg", quality=95)
    )
    assert cyan.shape == (8, 8, 3) and (np.abs(cyan.astype(int) - (0, 255, 255)) < 8).all()
    grey = read_picture(
        saved(Image.fromarray(np.array([[-5.0, 12.7, 300.0]], np.float32)), tmp_path / "f.tif")
    )
    assert grey[0, :, 0].tolist() == [0, 12, 255]


def test_not_a_number_in_a_float_picture_is_black(tmp_path):
    path = saved(Image.fromarray(np.array([[np.nan, 5.0, np.inf]], np.float32)), tmp_path / "f.tif")
    assert read_picture(path)[0, :, 0].tolist() == [0, 5, 255]


def test_a_picture_on_its_side_is_turned(tmp_path):
    exif = Image.Exif()
    exif[0x0112] = 6  # the camera was turned by 90 degrees
    assert read_picture(
        saved(Image.fromarray(noise(4, 9)), tmp_path / "a.png", exif=exif)
    ).shape == (9, 4, 3)


@pytest.mark.parametrize("ending", ["png", "jpg", "webp", "tif", "gif"])
def test_truncated_files_are_refused(tmp_path, ending):
    path = saved(Image.fromarray(noise(64, 64)), tmp_path / f"a.{ending}")
    data = path.read_bytes()
    for length in (len(data) // 2, 30, 5):
        path.write_bytes(data[:length])
        with pytest.raises(FrameError, match="allowed is a whole picture file") as error:
            read_picture(path)
        assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    "content", [b"", b"no picture", bytes(1000), b"\x89PNG\r\n\x1a\n" + bytes(50)]
)
def test_what_is_no_picture_is_refused(tmp_path, content):
    (tmp_path / "a.png").write_bytes(content)
    with pytest.raises(FrameError, match=r"a\.png cannot be read"):
        read_picture(tmp_path / "a.png")


def test_what_is_not_there_is_refused(tmp_path):
    with pytest.raises(FrameError, match="cannot be read"):
        read_picture(tmp_path / "missing.png")
    with pytest.raises(FrameError, match="cannot be read"):
        read_picture(tmp_path)


def test_damaged_bytes_never_end_in_another_error(tmp_path):
    rng = np.random.default_rng(5)
    for ending in ("png", "jpg", "webp", "gif", "tif", "bmp", "avif"):
        data = np.frombuffer(
            saved(Image.fromarray(noise(24, 24)), tmp_path / f"a.{ending}").read_bytes(), np.uint8
        )
        for _ in range(25):
            damaged = data.copy()
            damaged[rng.integers(len(data), size=4)] = rng.integers(256, size=4)
            (tmp_path / f"b.{ending}").write_bytes(damaged.tobytes())
            try:
                check_pixels(read_picture(tmp_path / f"b.{ending}"))
            except FrameError as error:
                assert "b." + ending in str(error)


def test_folders(tmp_path):
    for name in ("b.PNG", "a.jpg", "notes.txt", "c.webp"):
        (tmp_path / name).write_bytes(b"x")
    (tmp_path / "d.png").mkdir()
    assert [path.name for path in pictures_in(tmp_path)] == ["a.jpg", "b.PNG", "c.webp"]
    assert pictures_in(tmp_path / "notes.txt") == [tmp_path / "notes.txt"]
    (tmp_path / "empty").mkdir()
    with pytest.raises(ConfigError, match="has no picture"):
        pictures_in(tmp_path / "empty")
    with pytest.raises(ConfigError, match="is not there"):
        pictures_in(tmp_path / "nowhere")


def test_writing(tmp_path):
    pixels = noise(5, 6)
    write_picture(tmp_path / "a.png", pixels)
    assert np.array_equal(read_picture(tmp_path / "a.png"), pixels)
    for name in ("a.odd", "no/such/folder/a.png"):
        with pytest.raises(ConfigError, match="cannot be written"):
            write_picture(tmp_path / name, pixels)


@pytest.mark.parametrize(
    "pixels",
    [np.zeros((4, 4), np.uint8), np.zeros((4, 4, 4), np.uint8), np.zeros((4, 4, 3), np.float32)],
)
def test_other_arrays_are_no_pictures(pixels, tmp_path):
    with pytest.raises(FrameError, match="allowed is uint8"):
        write_picture(tmp_path / "a.png", pixels)
    with pytest.raises(FrameError, match="allowed is 1 to"):
        check_pixels(np.zeros((0, 5, 3), np.uint8))


def test_importance():
    pixels = noise(4, 6)
    assert check_importance(None, pixels) is None
    found = check_importance(np.eye(4, 6), pixels)
    assert found.dtype == np.float32 and found.shape == (4, 6)
    with pytest.raises(ConfigError, match=r"shape \(6, 4\); the picture takes \(4, 6\)"):
        check_importance(np.zeros((6, 4)), pixels)
    for wrong in (np.full((4, 6), 1.5), np.full((4, 6), -0.1), np.full((4, 6), np.nan)):
        with pytest.raises(ConfigError, match="allowed is 0 to 1"):
            check_importance(wrong, pixels)
