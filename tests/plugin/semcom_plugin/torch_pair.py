# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Image codec: any pair of torch modules, encoder and decoder, made by a function that is named.

The encoder maps pictures, float (1, 3, H, W), -0.5 to 0.5, with H and W multiples of 8, to values,
(1, 2 K, h, w); K complex symbols a position are sent with unit mean power. The decoder maps received
values back to pictures.
"""

import importlib
from dataclasses import dataclass

import numpy as np

from semcom_core.config import setting
from semcom_core.image import SymbolImageCodec

STEP = 8  # pixels a side of one position


@dataclass(frozen=True)
class TorchPairConfig:
    cbr: str = setting("1/16", "channel bandwidth ratio that is not exceeded")
    pair: str = setting("semcom_plugin.torch_pair:shipped_deepjscc", "module:function of the pair")
    symbols: int = setting(12, "complex symbols of each position: K")


def shipped_deepjscc():
    """The two networks of the codec "deepjscc", with the weights that the project ships."""
    from semcom_core.image.learned.deepjscc import SHIPPED, DeepjsccNetwork, DeepjsccShape
    from semcom_core.models.checkpoint import load_checkpoint

    network, _ = load_checkpoint(SHIPPED, DeepjsccShape, DeepjsccNetwork)
    return network.sender, network.receiver


class TorchPairCodec(SymbolImageCodec):
    name = "torch-pair"
    number = 26
    label = "Torch encoder and decoder"
    config_class = TorchPairConfig

    def __init__(self, config=None):
        super().__init__(config)
        module, function = self.config.pair.split(":")
        self.encoder, self.decoder = getattr(importlib.import_module(module), function)()

    def to_symbols(self, pixels, snr_db):
        import torch

        edges = [(0, -n % STEP) for n in pixels.shape[:2]]
        padded = np.pad(pixels, [*edges, (0, 0)], mode="edge")
        picture = torch.from_numpy(padded).permute(2, 0, 1)[None].float() / 255 - 0.5
        with torch.inference_mode():
            values = self.encoder(picture).numpy().reshape(2, -1)
        symbols = (values[0] + 1j * values[1])[: self.room(*pixels.shape[:2])]
        return symbols / np.sqrt(np.mean(np.abs(symbols) ** 2))

    def from_symbols(self, symbols, noise_var, height, width):
        import torch

        rows = -(-height // STEP)
        columns = -(-width // STEP)
        sent = np.zeros(self.config.symbols * rows * columns, np.complex64)
        count = min(sent.size, symbols.size)
        sent[:count] = symbols[:count]
        values = np.stack([sent.real, sent.imag]).reshape(1, -1, rows, columns)
        with torch.inference_mode():
            picture = self.decoder(torch.from_numpy(values))
        pixels = (255 * (picture[0].permute(1, 2, 0) + 0.5)).round().clamp(0, 255).byte().numpy()
        return pixels[:height, :width]
