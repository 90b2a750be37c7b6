# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Vector instructions and atomics that numba lacks: integer products, bit casts, work sharing.

The vectors are plain LLVM ones, so they compile for any processor; LLVM finds the instructions for
products of 16-bit pairs where the processor has them (vpdpwssd or vpmaddwd on x86).

An intrinsic gets numba types when it is compiled and returns its signature and a function that
builds its LLVM instructions.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeAlias

import llvmlite.binding
import numba
import numpy as np
from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

#: Output channels of a vector.
LANES = 16
#: Rows, and vectors of output channels, that one product works on at once; as many as the registers
#: hold.
ROWS = 4
BLOCKS = 3 if llvmlite.binding.get_host_cpu_features().get("avx512bw") else 1

_I8 = ir.IntType(8)
_I16 = ir.IntType(16)
_I32 = ir.IntType(32)
_I64 = ir.IntType(64)
_F32 = ir.FloatType()
_INTS = ir.VectorType(_I32, LANES)
_FLOATS = ir.VectorType(_F32, LANES)
_PAIRS16 = ir.VectorType(_I16, 2 * LANES)
_PAIRS32 = ir.VectorType(_I32, 2 * LANES)

#: Signature and code generator, which numba asks an intrinsic for.
_Typing: TypeAlias = tuple[Any, Callable[..., ir.Value]]

_yield_processor = types.ExternalFunction("sched_yield", types.int32())
#: Times to look whether others are done before the processor is given away each time.
_PATIENCE = 2000


def _lanes(*numbers: int) -> ir.Constant:
    return ir.Constant(ir.VectorType(_I32, len(numbers)), list(numbers))


def _spread(builder: ir.IRBuilder, value: ir.Value, kind: ir.Type) -> ir.Value:
    """A vector with the same value in every lane."""
    empty = ir.Constant(kind, ir.Undefined)
    return builder.shuffle_vector(
        builder.insert_element(empty, value, ir.Constant(_I32, 0)), empty, _lanes(*[0] * LANES)
    )


def _at(builder: ir.IRBuilder, pointer: ir.Value, offset: ir.Value, kind: ir.Type) -> ir.Value:
    """Pointer to a value of `kind`, `offset` elements after `pointer`."""
    return builder.bitcast(builder.gep(pointer, [offset]), kind.as_pointer())


def _pair_products(
    builder: ir.IRBuilder, sums: ir.Value, weights: ir.Value, pair: ir.Value
) -> ir.Value:
    """sums + first weight x first half of the pair + second weight x second half, in every lane."""
    inputs = builder.bitcast(_spread(builder, pair, _INTS), _PAIRS16)
    products = builder.mul(builder.sext(inputs, _PAIRS32), builder.sext(weights, _PAIRS32))
    halves = [
        builder.shuffle_vector(products, products, _lanes(*range(half, 2 * LANES, 2)))
        for half in (0, 1)
    ]
    return builder.add(sums, builder.add(*halves))


def _add_pair(
    builder: ir.IRBuilder,
    index: ir.Value,
    weights: Sequence[ir.Value],
    inputs: Sequence[ir.Value],
    sums: Sequence[Sequence[ir.Value]],
) -> None:
    """Add the products of one pair of inputs of every row with the weights of every block."""
    offset = builder.mul(index, ir.Constant(_I64, 2 * LANES))
    loaded = [
        builder.load(_at(builder, block, offset, ir.VectorType(_I8, 2 * LANES)), align=1)
        for block in weights
    ]
    loaded = [builder.sext(block, _PAIRS16) for block in loaded]
    for row, places in zip(inputs, sums):
        pair = builder.load(
            _at(builder, row, builder.mul(index, ir.Constant(_I64, 2)), _I32), align=2
        )
        for block, place in zip(loaded, places):
            builder.store(_pair_products(builder, builder.load(place), block, pair), place)


@intrinsic
def tile_product(
    _context: Any,
    weights: Any,
    inputs: Any,
    stride: Any,
    input_scales: Any,
    weight_scales: Any,
    outputs: Any,
    output_stride: Any,
    pairs: Any,
) -> _Typing:
    """outputs = (inputs x weights) x input_scales x weight_scales, for ROWS rows and BLOCKS * LANES
    output channels.

    Args:
        weights: int8 pointer, (BLOCKS, pairs, LANES, 2).
        inputs, stride: int16 pointer, (ROWS, 2 * pairs), rows `stride` elements apart.
        input_scales, weight_scales: float32 pointers, (ROWS,) and (BLOCKS * LANES,).
        outputs, output_stride: float32 pointer, (ROWS, BLOCKS * LANES), rows `output_stride`
            elements apart.
    """

    def generate(
        context: Any, builder: ir.IRBuilder, _signature: Any, args: Sequence[ir.Value]
    ) -> ir.Value:
        weights, inputs, stride, input_scales, weight_scales, outputs, output_stride, pairs = args
        size = builder.mul(pairs, ir.Constant(_I64, 2 * LANES))
        blocks = [
            builder.gep(weights, [builder.mul(size, ir.Constant(_I64, block))])
            for block in range(BLOCKS)
        ]
        rows = [
            builder.gep(inputs, [builder.mul(stride, ir.Constant(_I64, row))])
            for row in range(ROWS)
        ]
        zero = ir.Constant(_INTS, None)
        sums = [[cgutils.alloca_once_value(builder, zero) for _ in blocks] for _ in rows]
        for place in sum(sums, []):
            builder.store(zero, place)
        with cgutils.for_range(builder, pairs) as loop:
            _add_pair(builder, loop.index, blocks, rows, sums)
        for row, places in enumerate(sums):
            scale = _spread(
                builder, builder.load(builder.gep(input_scales, [ir.Constant(_I64, row)])), _FLOATS
            )
            for block, place in enumerate(places):
                column = ir.Constant(_I64, block * LANES)
                factor = builder.fmul(
                    builder.load(_at(builder, weight_scales, column, _FLOATS), align=4), scale
                )
                value = builder.fmul(builder.sitofp(builder.load(place), _FLOATS), factor)
                offset = builder.add(builder.mul(output_stride, ir.Constant(_I64, row)), column)
                builder.store(value, _at(builder, outputs, offset, _FLOATS), align=4)
        return context.get_dummy_value()

    return types.void(
        weights, inputs, stride, input_scales, weight_scales, outputs, output_stride, pairs
    ), generate


@intrinsic
def dot(_context: Any, left: Any, right: Any, count: Any) -> _Typing:
    """Scalar product of two runs of float32, added up in the same order on every processor.

    Args:
        left, right: float32 pointers.
        count: how many values.
    """

    def generate(
        _target: Any, builder: ir.IRBuilder, _signature: Any, args: Sequence[ir.Value]
    ) -> ir.Value:
        left, right, count = args
        places = [cgutils.alloca_once(builder, kind) for kind in (_FLOATS, _F32)]
        for place in places:
            builder.store(ir.Constant(place.type.pointee, None), place)
        whole = builder.udiv(count, ir.Constant(_I64, LANES))
        done = builder.mul(whole, ir.Constant(_I64, LANES))
        for place, kind, first, step, times in zip(
            places, (_FLOATS, _F32), (0, done), (LANES, 1), (whole, builder.sub(count, done))
        ):
            with cgutils.for_range(builder, times) as loop:
                at = builder.add(
                    builder.mul(loop.index, ir.Constant(_I64, step)),
                    ir.Constant(_I64, 0) if first == 0 else first,
                )
                values = [
                    builder.load(_at(builder, side, at, kind), align=4) for side in (left, right)
                ]
                builder.store(builder.fadd(builder.load(place), builder.fmul(*values)), place)
        return builder.fadd(_total(builder, builder.load(places[0])), builder.load(places[1]))

    return types.float32(left, right, types.int64), generate


def _total(builder: ir.IRBuilder, lanes: ir.Value) -> ir.Value:
    """Sum of a vector: halves, then halves of these, and so on."""
    half = LANES // 2
    while half:
        low, high = (
            builder.shuffle_vector(lanes, lanes, _lanes(*range(start, start + half)))
            for start in (0, half)
        )
        lanes = builder.fadd(low, high)
        half = half // 2
    return builder.extract_element(lanes, ir.Constant(_I32, 0))


@intrinsic
def pointer(_context: Any, array: Any, offset: Any) -> _Typing:
    """Pointer to an element of a contiguous array.

    Args:
        array: any array.
        offset: of the element from the first one.
    """

    def generate(
        context: Any, builder: ir.IRBuilder, signature: Any, args: Sequence[ir.Value]
    ) -> ir.Value:
        return builder.gep(
            context.make_array(signature.args[0])(context, builder, args[0]).data, [args[1]]
        )

    return types.CPointer(array.dtype)(array, types.int64), generate


@intrinsic
def float_of_bits(_context: Any, bits: Any) -> _Typing:
    """The float32 whose bits are an int32."""

    def generate(
        _target: Any, builder: ir.IRBuilder, _signature: Any, args: Sequence[ir.Value]
    ) -> ir.Value:
        return builder.bitcast(args[0], _F32)

    return types.float32(types.int32), generate


@intrinsic
def _count_up(_context: Any, counter: Any, step: Any) -> _Typing:
    """Add to an int64 that other threads add to as well; returns its value before."""

    def generate(
        _target: Any, builder: ir.IRBuilder, _signature: Any, args: Sequence[ir.Value]
    ) -> ir.Value:
        return builder.atomic_rmw("add", args[0], args[1], "seq_cst")

    return types.int64(counter, types.int64), generate


@intrinsic
def _read(_context: Any, counter: Any) -> _Typing:
    """Value of an int64 that other threads write."""

    def generate(
        _target: Any, builder: ir.IRBuilder, _signature: Any, args: Sequence[ir.Value]
    ) -> ir.Value:
        return builder.load_atomic(args[0], "acquire", 8)

    return types.int64(counter), generate


@numba.njit(nogil=True)
def take(counters: np.ndarray, phase: int) -> int:
    """The next unit of a phase's work that nobody has taken: int64 (phases, 2) counters, zero at
    first.
    """
    return _count_up(pointer(counters, 2 * phase), 1)


@numba.njit(nogil=True)
def hand_in(counters: np.ndarray, phase: int) -> None:
    """Say that a unit taken is done."""
    _count_up(pointer(counters, 2 * phase + 1), 1)


@numba.njit(nogil=True)
def await_all(counters: np.ndarray, phase: int, units: int) -> None:
    """Wait until every unit of a phase is done, by whichever thread.

    Args:
        counters: int64 (phases, 2), units taken and done.
        phase: which phase.
        units: how many there are.
    """
    waited = 0
    while _read(pointer(counters, 2 * phase + 1)) < units:
        waited += 1
        if waited > _PATIENCE:
            _yield_processor()
