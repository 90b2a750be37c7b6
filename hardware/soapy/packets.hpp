// SPDX-FileCopyrightText: 2026 The gr-semcom authors
// SPDX-License-Identifier: GPL-3.0-or-later
// Packets of samples on a stream connection, and conversion of the samples.
#pragma once

#include <SoapySDR/Formats.hpp>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <string>

namespace semcom {

constexpr size_t MAX_SAMPLES = 8192; ///< most samples in a packet
constexpr size_t WIRE_SAMPLE = 4;    ///< bytes of a sample in a packet
constexpr float FULL_SCALE = 32768.0f;

/// Flags of a packet.
enum Flag : uint32_t { TIME = 1, LOST = 2, END = 4, STOPPED = 8, LATE = 16, UNDERFLOW = 32 };

/// Header of a packet: `count` pairs of int16 follow.
struct Header {
    uint32_t count;
    uint32_t flags;
    int64_t timeNs;
};
static_assert(sizeof(Header) == 16, "as on the wire");

/// Convert samples of a packet to a client's buffer.
inline void fromWire(const void *from, void *to, size_t count, const std::string &format)
{
    if (format == SOAPY_SDR_CS16) {
        std::memcpy(to, from, count * WIRE_SAMPLE);
        return;
    }
    auto in = static_cast<const int16_t *>(from);
    auto out = static_cast<float *>(to);
    for (size_t i = 0; i < 2 * count; i++) out[i] = float(in[i]) * (1 / FULL_SCALE);
}

/// Convert samples of a client's buffer to a packet, clipped.
inline void toWire(const void *from, void *to, size_t count, const std::string &format)
{
    if (format == SOAPY_SDR_CS16) {
        if (count) std::memcpy(to, from, count * WIRE_SAMPLE);
        return;
    }
    auto in = static_cast<const float *>(from);
    auto out = static_cast<int16_t *>(to);
    for (size_t i = 0; i < 2 * count; i++) {
        out[i] = int16_t(std::nearbyint(std::clamp(in[i] * FULL_SCALE, -FULL_SCALE, FULL_SCALE - 1)));
    }
}

} // namespace semcom
