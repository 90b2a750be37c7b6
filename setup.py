# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Installation: the core package, the GNU Radio blocks, their catalogue entries and the `semcom`
command.

The blocks go into the gnuradio namespace without a gnuradio/__init__.py: GNU Radio's own package
extends its path over every folder called gnuradio on sys.path, and so finds them beside itself.
"""

from __future__ import annotations

import re
from pathlib import Path

from setuptools import find_packages, setup

ROOT = Path(__file__).parent
BLOCKS = "gr-semcom/python/semcom"
DATA = [  # folder below the installation prefix, files of the repository
    ("share/gnuradio/grc/blocks", "gr-semcom/grc/*.yml"),
    ("share/gr-semcom/grc", "grc/*.grc"),
    ("share/gr-semcom/examples", "gr-semcom/examples/*.grc"),
    ("share/gr-semcom/examples", "examples/*.py"),
    ("share/gr-semcom/hardware", "hardware/*.yml"),
]
CORE_DATA = [
    "py.typed",
    *(f"**/*.{kind}" for kind in ("yml", "json", "npz", "csv", "txt", "html", "md", "safetensors")),
]
REQUIRES = [
    # systems with Python 3.11 and 3.12 ship a GNU Radio built for numpy 1, which does not import
    # beside numpy 2
    "numpy>=1.24,<2; python_version < '3.13'",
    "numpy>=2.1; python_version >= '3.13'",
    "scipy>=1.10",
    "threadpoolctl>=3",
    "numba>=0.58",
    "llvmlite>=0.41",
    "torch>=2.4",
    "torchvision>=0.19",
    "segment-anything>=1.0",
    "scikit-image>=0.22",
    "pillow>=11.3",  # its wheels have AVIF from here on
    "imageio-ffmpeg>=0.8.1",  # its ffmpeg has VVenC from here on
    "transformers>=5",
    "accelerate>=1",  # transformers asks for it when it loads a GGUF file
    "gguf>=0.10",
    "safetensors>=0.4",
    "tokenizers>=0.20",
    "peft>=0.12",
    "filelock>=3",
    "sacrebleu>=2.4",
    "pyyaml>=6",
    "tqdm>=4.64",
    "matplotlib>=3.6",
    "jinja2>=3.1",
    "sigmf>=1.2",
    "pyadi-iio>=0.0.19",
    "pylibiio>=0.23,<1",  # from 1 on it does not go with pyadi-iio
]
EXTRAS = {
    "bench": ["ray>=2.9"],
    "camera": ["opencv-python-headless>=4.8"],
    # ldpc is an oracle for the decoder
    "test": [
        "pytest>=8",
        "pytest-xdist>=3.5",
        "ruff>=0.6",
        "mypy>=1.11",
        "types-PyYAML",
        "types-tqdm",
        "pre-commit>=3",
        "cmake>=3.22",
        "ninja",
        "setuptools>=70.1",
        "ldpc>=2.4",
    ],
}


def version() -> str:
    """The version stated in semcom_core, read without importing it."""
    text = (ROOT / "python/semcom_core/__init__.py").read_text(encoding="utf-8")
    return re.search(r'^__version__ = "(.+)"$', text, re.MULTILINE).group(1)


def long_description() -> str:
    """The README, where there is one."""
    readme = ROOT / "README.md"
    return readme.read_text(encoding="utf-8") if readme.exists() else ""


def block_packages() -> list[str]:
    """Names of the block packages inside the gnuradio namespace."""
    return [
        "gnuradio.semcom",
        *(f"gnuradio.semcom.{name}" for name in find_packages(str(ROOT / BLOCKS))),
    ]


def data_files() -> list[tuple[str, list[str]]]:
    """The files of DATA that exist, relative to the repository as setuptools wants them."""
    found = [
        (folder, sorted(str(path.relative_to(ROOT)) for path in ROOT.glob(pattern)))
        for folder, pattern in DATA
    ]
    return [(folder, files) for folder, files in found if files]


setup(
    name="gr-semcom",
    version=version(),
    description="Semantic communication over software-defined radio: a core library, GNU Radio "
    "blocks and a command line",
    long_description=long_description(),
    long_description_content_type="text/markdown",
    author="The gr-semcom authors",
    license="GPL-3.0-or-later",
    python_requires=">=3.11",
    packages=[*find_packages("python"), *block_packages()],
    package_dir={"": "python", "gnuradio.semcom": BLOCKS},
    package_data={"semcom_core": CORE_DATA},
    include_package_data=False,
    data_files=data_files(),
    install_requires=REQUIRES,
    extras_require=EXTRAS,
    entry_points={"console_scripts": ["semcom = semcom_core.cli:main"]},
    zip_safe=False,
)
