# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Semantic memory: contextual items that a receiver keeps, and that both ends of a link agree on.

    received message, measurement --> item --> store --> update rule: who leaves when it is full
                                                 |
                      database (SQLite) <--------+--------> recall by embedding, slot, modality
                                                 |
                      agreement: fingerprint of what was acknowledged, at both ends

    item          an item, its payload, its digest       store         models, update rules, recall
    database      kept in a file that survives a kill    agreement     the same memory at both ends
    measurement   CSI items, prediction of the SNR       positioning   position from remembered CSI
    alignment     texts and pictures in one space

>>> from semcom_core.memory import MemoryStore, StoreConfig, text_item
>>> store = MemoryStore(StoreConfig(model="fifo", capacity=2))
>>> for slot, text in enumerate(["Mary is here.", "John left.", "Mary took the milk."]):
...     left = store.add(text_item(slot, slot, text))
>>> [item.text for item in left], [item.text for item in store.items]
(['Mary is here.'], ['John left.', 'Mary took the milk.'])

Source: H. Xie, Z. Qin, G. Y. Li, "Semantic communication with memory", IEEE JSAC 41 (8), 2023; H.
Xie, Z. Qin, X. Tao, Z. Han, "Towards intelligent communications: large model empowered semantic
communications", IEEE Communications Magazine, 2024.
"""

from semcom_core.memory.agreement import MemoryReceiver, MemorySender, MemoryWord, fingerprint
from semcom_core.memory.database import MemoryDatabase
from semcom_core.memory.item import MODALITIES, MemoryItem, image_item, text_item
from semcom_core.memory.positioning import Positioner, PositioningConfig, channel_item
from semcom_core.memory.store import MODELS, MemoryStore, Recalled, StoreConfig, slot_codes

__all__ = [
    "MODALITIES",
    "MODELS",
    "MemoryDatabase",
    "MemoryItem",
    "MemoryReceiver",
    "MemorySender",
    "MemoryStore",
    "MemoryWord",
    "Positioner",
    "PositioningConfig",
    "Recalled",
    "StoreConfig",
    "channel_item",
    "fingerprint",
    "image_item",
    "slot_codes",
    "text_item",
]
