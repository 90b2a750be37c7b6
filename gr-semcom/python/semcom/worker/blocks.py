# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Bases of the blocks whose codec or service runs in a worker process.

    worker_block          queue, losses and states of a worker; the end PDU in order
    ├── service_block     texts in, texts out: distiller, safety_gate
    ├── content_block     texts and pictures pass: task_router, semantic_memory, answerer
    └── codec_block       settings codec and options
        ├── encoder_block contents in, frames out: text_encoder, image_encoder
        └── decoder_block frames in, contents out: text_decoder, image_decoder

A message on `in` becomes a Job by `take`; what the worker makes of it is published by `answer`.
"""

from __future__ import annotations

import logging
import threading
from typing import Any

import numpy as np
import pmt
from gnuradio import gr

from semcom_core.codecs import IMAGE, TEXT
from semcom_core.errors import ConfigError, FrameError, check_range
from semcom_core.frame import ACK, MESSAGE_IDS, POLL, WIDE_CODECS, Frame, ReceivedFrame
from semcom_core.services import SERVICE

from ..gathering import Groups
from ..guard import begin_again, drain, guarded_handler, settings_in_force, tunable
from ..notices import FEEDBACK, notify
from ..pdu import (
    end_pdu,
    is_end,
    is_picture,
    message_pdus,
    read_frame,
    read_picture_pdu,
    read_text,
    text_pdu,
    with_meta,
)
from .process import CodecWorker, Job


class worker_block(gr.basic_block):
    """A message block around a codec worker: its queue, its losses and its states.

    A derived class has `take`, which submits a job for a message, and `answer`, which publishes
    what the worker made of it.

    Args:
        name: name of the block.
        codec: name of the codec or service.
        options: settings of the codec or service; None: the defaults.
        queue_size: messages that may wait for the worker; 0 is 65536.
        timeout_s: longest time for a message in the worker, s.
        kind: what `codec` names, TEXT, IMAGE or SERVICE; see CodecWorker.
    """

    def __init__(
        self,
        name: str,
        codec: str,
        options: dict | None,
        queue_size: int,
        timeout_s: float,
        kind: str = TEXT,
    ) -> None:
        gr.basic_block.__init__(self, name, None, None)
        self.worker = CodecWorker(codec, options or {}, self, queue_size, timeout_s, kind)
        self.codec = self.worker.codec
        self.options = self.worker.options
        self.queue_size = self.worker.jobs.size
        self.timeout_s = self.worker.timeout_s
        settings_in_force(self, "codec", "options", "queue_size", "timeout_s")
        self.dropped = 0
        self.lost = 0
        self.refused = 0
        self.message_port_register_in(pmt.intern("in"))
        self.set_msg_handler(pmt.intern("in"), self.handle_message)
        self.message_port_register_out(pmt.intern("out"))
        self.message_port_register_out(FEEDBACK)

    @tunable
    def set_queue_size(self, queue_size: int) -> None:
        """Set how many messages may wait for the codec."""
        self.worker.jobs.resize(queue_size)
        self.queue_size = int(queue_size)

    @tunable
    def set_timeout_s(self, timeout_s: float) -> None:
        """Set how long the codec may work on a message, s; from the next message on."""
        self.worker.set_timeout_s(timeout_s)
        self.timeout_s = float(timeout_s)

    def start(self) -> bool:
        """Start the worker process."""
        begin_again(self)
        self.worker.start()
        return True

    def stop(self) -> bool:
        """End the worker process; what waits is dropped and counted."""
        discarded = self.worker.stop()
        drain(self, "in")
        if discarded:
            self.dropped += discarded
            logging.getLogger(f"gnuradio.semcom.{self.name()}").warning(
                "%s: %d messages wait at the end", self.name(), discarded
            )
        return True

    @guarded_handler
    def handle_message(self, message: pmt.pmt_base) -> None:
        """Queue a message for the worker; the end PDU keeps its place behind those that wait."""
        if is_end(message):
            self.finish()
            self.submit(Job())
        else:
            self.take(message)

    def take(self, message: pmt.pmt_base) -> None:
        """Submit a job for a message."""
        raise NotImplementedError

    def finish(self) -> None:
        """Submit what is still gathered when the end PDU comes."""

    def submit(self, job: Job) -> None:
        """Queue a job; a message for which there is no room is dropped, counted and reported."""
        if not self.worker.jobs.put(job):
            self.dropped += 1
            reason = f"the queue of {self.name()} is full"
            notify(self, "lost", job.message_id, reason, cause="dropped")

    def on_done(self, job: Job, result: Any) -> None:
        """Publish what the worker made of a message, or the end PDU."""
        if job.verb:
            self.answer(job, result)
        else:
            self.message_port_pub(pmt.intern("out"), end_pdu())

    def answer(self, job: Job, result: Any) -> None:
        """Publish the result of a job."""
        raise NotImplementedError

    def on_lost(self, job: Job, reason: str) -> None:
        """Count and report a message that the codec refused or died over."""
        self.lost += 1
        notify(self, "lost", job.message_id, reason)

    def on_state(self, state: str, reason: str) -> None:
        """Report the codec's state; where it refused other settings, the former ones are in
        force.
        """
        if state == "refused":
            self.codec = self.worker.codec
            self.options = dict(self.worker.options)
        notify(self, state, reason=reason)

    def on_idle(self) -> None:
        """Called several times a second; does nothing here."""


class codec_block(worker_block):
    """A worker_block with a codec that may change: the settings codec and options."""

    @tunable
    def set_codec(self, codec: str) -> None:
        """Load another codec, with the present options, once the messages that wait are done.

        If it does not load, the former one stays.
        """
        if codec != self.codec:
            self.worker.reload(codec, self.options)
            self.codec = codec

    @tunable
    def set_options(self, options: dict) -> None:
        """Load the codec with other settings once the messages that wait are done.

        If it does not load, the former settings stay.
        """
        if options != self.options:
            self.worker.reload(self.codec, options)
            self.options = dict(options)


class service_block(worker_block):
    """A block of texts around one service of semcom_core.worker.

    A derived class has `job` for a text that came, and `answer` for what the service says of it.

    Args:
        service: name of the service, and of the block.
        options, queue_size, timeout_s: see worker_block.
    """

    def __init__(self, service: str, options: dict, queue_size: int, timeout_s: float) -> None:
        worker_block.__init__(self, service, service, options, queue_size, timeout_s, SERVICE)

    def take(self, message: pmt.pmt_base) -> None:
        """Submit a text."""
        meta, text = read_text(message)
        self.submit(self.job(text, meta))

    def job(self, text: str, meta: dict) -> Job:
        """The call of the service for a text."""
        raise NotImplementedError

    def publish(self, text: str, meta: dict) -> None:
        """Publish a text."""
        self.message_port_pub(pmt.intern("out"), text_pdu(text, **meta))


class content_block(worker_block):
    """A block that passes on every text and picture in order, with what a service says of it.

    A derived class has `call` for a message that came, and `answer`, which ends in `pass_on`. A
    message over which the service dies passes as it came.

    Args:
        service: name of the service, and of the block.
        named: settings of the service that are parameters of the block, by name.
        options: further settings of the service; None: the defaults.
        queue_size, timeout_s: see worker_block.
    """

    def __init__(
        self,
        service: str,
        named: dict[str, Any],
        options: dict | None,
        queue_size: int,
        timeout_s: float,
    ) -> None:
        settings = {**_dict_of_settings(options), **named}
        worker_block.__init__(self, service, service, settings, queue_size, timeout_s, SERVICE)
        self._named = tuple(named)
        self._take_settings(settings)
        settings_in_force(self, *named)

    def change(self, options: dict | None = None, **named: Any) -> None:
        """Load the service with other settings; if it does not load, the former ones stay.

        Args:
            options: further settings; None: the present ones.
            named: settings that are parameters of the block; the others stay.
        """
        present = {name: getattr(self, name) for name in self._named}
        further = self.options if options is None else _dict_of_settings(options)
        wanted = {**further, **present, **named}
        if wanted != {**self.options, **present}:
            self.worker.reload(self.codec, wanted)
            self._take_settings(wanted)

    def on_state(self, state: str, reason: str) -> None:
        """Report the service's state; where it refused other settings, the former are in force."""
        worker_block.on_state(self, state, reason)
        if state == "refused":
            self._take_settings(self.options)

    def _take_settings(self, settings: dict[str, Any]) -> None:
        for name in self._named:
            setattr(self, name, settings[name])
        self.options = {k: value for k, value in settings.items() if k not in self._named}

    def take(self, message: pmt.pmt_base) -> None:
        """Submit a text or a picture."""
        meta, content = read_picture_pdu(message) if is_picture(message) else read_text(message)
        verb, arguments = self.call(meta, content)
        kept = {"message": message, "content": content, "meta": meta}
        self.submit(Job(verb, arguments, {}, meta.get("message_id", -1), kept))

    def call(self, meta: dict, content: str | np.ndarray) -> tuple[str, tuple]:
        """Method of the service and its arguments for a message; PASS for one that only passes.

        Args:
            meta: metadata of the message.
            content: text, or pixels of a picture, uint8 (H, W, 3).
        """
        raise NotImplementedError

    def pass_on(self, job: Job, **meta: object) -> None:
        """Publish a message that came, with further metadata."""
        self.message_port_pub(pmt.intern("out"), with_meta(job.meta["message"], **meta))

    def on_lost(self, job: Job, reason: str) -> None:
        """Pass a message on as it came where the service refused it or died over it."""
        self.lost += 1
        logging.getLogger(f"gnuradio.semcom.{self.name()}").warning(
            "%s: message %d passes as it came: %s", self.name(), job.message_id, reason
        )
        self.pass_on(job)


def _dict_of_settings(options: object) -> dict[str, Any]:
    """Further settings of a service; none for None."""
    if options is not None and not isinstance(options, dict):
        raise ConfigError(f"options is {options!r}; allowed is a dict of settings")
    return options or {}


def check_memory_file(memory_file: object) -> str:
    """The name of a memory file.

    Raises:
        ConfigError: it is empty.
    """
    if not isinstance(memory_file, str) or not memory_file:
        raise ConfigError(f"memory_file is {memory_file!r}; allowed is the name of a file")
    return memory_file


class encoder_block(codec_block):
    """Has a codec encode each message and publishes its frames, the last with the key `last`.

    A derived class has `read`, `job` and `frames`.

    Args:
        name, codec, options, queue_size, timeout_s, kind: see worker_block.
        snr_db: SNR for which the codec chooses its rate, dB, -20 to 60.
    """

    def __init__(
        self,
        name: str,
        codec: str,
        options: dict | None,
        queue_size: int,
        timeout_s: float,
        snr_db: float,
        kind: str = TEXT,
    ) -> None:
        codec_block.__init__(self, name, codec, options, queue_size, timeout_s, kind)
        self.set_snr_db(snr_db)
        self.encoded = 0
        self._next_id = 0

    @tunable
    def set_snr_db(self, snr_db: float) -> None:
        """Set the SNR for which the codec chooses its rate, dB; from the next message on."""
        check_range("snr_db", snr_db, -20, 60)
        self.snr_db = float(snr_db)

    def take(self, message: pmt.pmt_base) -> None:
        """Submit a message, under its number or the next one."""
        meta, content = self.read(message)
        message_id = meta.get("message_id", self._next_id) % MESSAGE_IDS
        self._next_id = message_id + 1
        self.submit(self.job(content, message_id))

    def read(self, message: pmt.pmt_base) -> tuple[dict, Any]:
        """Metadata and content of a message."""
        raise NotImplementedError

    def job(self, content: Any, message_id: int) -> Job:
        """The call of the codec for a message."""
        raise NotImplementedError

    def answer(self, job: Job, result: Any) -> None:
        """Count an encoded message and publish its frames."""
        self.encoded += 1
        for pdu in message_pdus(self.frames(job, result)):
            self.message_port_pub(pmt.intern("out"), pdu)

    def frames(self, job: Job, result: Any) -> list[Frame]:
        """The frames in a codec's result."""
        raise NotImplementedError


class decoder_block(codec_block):
    """Gathers received frames in groups and has a codec decode each.

    A derived class has `is_own(frame)`, `push(frame, message)`, which gives the groups that a frame
    completes, `forget()` and `publish(job, result)`.

    Args:
        name, codec, options, queue_size, timeout_s, kind: see worker_block.
        groups: open messages.
        fragment_timeout_s: how long a message waits for a missing fragment, s, 0 to 86400.
    """

    def __init__(
        self,
        name: str,
        codec: str,
        options: dict | None,
        queue_size: int,
        timeout_s: float,
        groups: Groups,
        fragment_timeout_s: float,
        kind: str = TEXT,
    ) -> None:
        codec_block.__init__(self, name, codec, options, queue_size, timeout_s, kind)
        self._groups = groups
        self._lock = threading.Lock()
        self.decoded = 0
        self.marked = 0
        self.other_codec = 0
        self._kind = kind
        self._told_of = {POLL, ACK}
        self.set_fragment_timeout_s(fragment_timeout_s)

    @tunable
    def set_fragment_timeout_s(self, fragment_timeout_s: float) -> None:
        """Set how long a message waits for a missing fragment, s; 0: until later messages come."""
        check_range("fragment_timeout_s", fragment_timeout_s, 0, 86400)
        self.fragment_timeout_s = float(fragment_timeout_s)
        self._groups.timeout_s = self.fragment_timeout_s

    def stop(self) -> bool:
        """End the worker process; fragments and messages that wait are discarded."""
        with self._lock:
            self.forget()
        return codec_block.stop(self)

    def take(self, message: pmt.pmt_base) -> None:
        """Gather a frame; a complete message goes to the codec."""
        frame = read_frame(message)
        if not isinstance(frame, ReceivedFrame):
            raise FrameError("frame PDU has no noise_var; a received frame is needed")
        if not self.is_own(frame):
            self.other_codec += 1
            self._tell_of(frame.header.codec)
            return
        with self._lock:
            groups = self.push(frame, message)
        self._decode(groups)

    def _tell_of(self, number: int) -> None:
        """Log once that frames come from another codec for the same kind of message: where the far
        end has another codec, nothing else would say so.
        """
        kind = IMAGE if number in WIDE_CODECS else TEXT
        if kind == self._kind and number not in self._told_of:
            self._told_of.add(number)
            logging.getLogger(f"gnuradio.semcom.{self.name()}").warning(
                "%s: frames of codec number %d are left aside; this end has %s",
                self.name(),
                number,
                self.codec,
            )

    def is_own(self, frame: ReceivedFrame) -> bool:
        """Whether a frame is of the codec that is set."""
        raise NotImplementedError

    def push(self, frame: ReceivedFrame, message: pmt.pmt_base) -> list[list[ReceivedFrame]]:
        """Gather a frame; returns the messages that it completes."""
        raise NotImplementedError

    def forget(self) -> None:
        """Discard all open messages."""
        raise NotImplementedError

    def finish(self) -> None:
        """Submit what has been received of the last messages."""
        with self._lock:
            groups = self._groups.flush()
        self._decode(groups)

    def on_idle(self) -> None:
        """Submit the messages that have waited too long for a fragment."""
        with self._lock:
            groups = self._groups.expired()
        self._decode(groups)

    def _decode(self, groups: list[list[ReceivedFrame]]) -> None:
        for frames in groups:
            measured = {
                "snr_db": float(np.mean([frame.snr_db for frame in frames])),
                "cfo_hz": float(np.mean([frame.cfo_hz for frame in frames])),
                "uses": sum(len(frame.symbols) for frame in frames),
            }
            self.submit(Job("decode", (frames,), {}, frames[0].header.message_id, measured))

    def answer(self, job: Job, result: Any) -> None:
        """Count and publish a decoded message."""
        self.decoded += result.decoded
        self.marked += not result.decoded
        self.publish(job, result)

    def publish(self, job: Job, result: Any) -> None:
        """Publish a decoded message."""
        raise NotImplementedError
