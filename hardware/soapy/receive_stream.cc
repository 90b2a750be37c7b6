// SPDX-FileCopyrightText: 2026 The gr-semcom authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "receive_stream.hpp"

#include <SoapySDR/Constants.h>
#include <SoapySDR/Errors.hpp>
#include <SoapySDR/Logger.hpp>

#include <thread>

namespace semcom {

namespace {
constexpr long STOP_TIMEOUT_US = 2000000;
constexpr long LOST_PAUSE_US = 100000; // a client that goes on reading without the air is slowed down
} // namespace

ReceiveStream::ReceiveStream(std::unique_ptr<Connection> connection, const std::string &format, bool announce)
    : _connection(std::move(connection)), _format(format), _announce(announce), _packet(sizeof(Header) + WIRE_SAMPLE * MAX_SAMPLES)
{
}

ReceiveStream::~ReceiveStream()
{
    deactivate();
    if (_connection) _connection->finish();
}

int ReceiveStream::activate(int flags, long long timeNs, size_t count)
{
    std::lock_guard<std::mutex> lock(_mutex);
    if (_active) stop();
    std::string line = "start " + std::to_string(count);
    if (flags & SOAPY_SDR_HAS_TIME) line += " " + std::to_string(timeNs);
    line += "\n";
    try {
        if (!_connection) return SOAPY_SDR_STREAM_ERROR;
        _connection->send(line.data(), line.size());
    } catch (const ConnectionLost &) {
        _connection.reset();
        return SOAPY_SDR_STREAM_ERROR;
    }
    _received = 0;
    _active = true;
    return 0;
}

int ReceiveStream::deactivate()
{
    std::lock_guard<std::mutex> lock(_mutex);
    if (_active) stop();
    return 0;
}

void ReceiveStream::stop() // and drops samples in transit
{
    _active = false;
    try {
        if (!_connection) return;
        _connection->send("stop\n", 5);
        const Deadline deadline = deadlineIn(STOP_TIMEOUT_US);
        do {
            if (_received == sizeof(Header) + WIRE_SAMPLE * size_t(_header.count)) _received = 0;
            if (fill(deadline) != 0) throw ConnectionLost("the air does not stop");
        } while (!(_header.flags & STOPPED));
    } catch (const ConnectionLost &) {
        _connection.reset();
    }
}

int ReceiveStream::read(void *buffer, size_t count, int &flags, long long &timeNs, long timeoutUs, double rateHz)
{
    std::lock_guard<std::mutex> lock(_mutex);
    flags = 0;
    if (!_active) { // as a device without samples
        std::this_thread::sleep_for(std::chrono::microseconds(std::max(0L, timeoutUs)));
        return SOAPY_SDR_TIMEOUT;
    }
    try {
        if (_connection) {
            const int missing = fill(deadlineIn(timeoutUs));
            return missing ? missing : deliver(buffer, count, flags, timeNs, rateHz);
        }
    } catch (const ConnectionLost &error) {
        _connection.reset();
        SoapySDR::logf(SOAPY_SDR_ERROR, "receive stream: %s", error.what());
        return SOAPY_SDR_STREAM_ERROR;
    }
    std::this_thread::sleep_for(std::chrono::microseconds(std::clamp(timeoutUs, 0L, LOST_PAUSE_US)));
    return SOAPY_SDR_STREAM_ERROR;
}

int ReceiveStream::fill(Deadline deadline) // until the packet is whole
{
    while (_received < sizeof(Header) || _received < sizeof(Header) + WIRE_SAMPLE * size_t(_header.count)) {
        const bool head = _received < sizeof(Header);
        const size_t end = sizeof(Header) + (head ? 0 : WIRE_SAMPLE * size_t(_header.count));
        const size_t got = _connection->receive(_packet.data() + _received, end - _received, deadline);
        if (got == 0) return SOAPY_SDR_TIMEOUT;
        _received += got;
        if (!head || _received < end) continue;
        std::memcpy(&_header, _packet.data(), sizeof(_header));
        _position = 0;
        if (_header.count > MAX_SAMPLES) throw ConnectionLost("the air sends what is no packet");
    }
    return 0;
}

int ReceiveStream::deliver(void *buffer, size_t count, int &flags, long long &timeNs, double rateHz)
{
    if (_header.flags & LOST) {
        _header.flags &= ~LOST;
        if (_announce) SoapySDR::log(SOAPY_SDR_SSI, "O");
        return SOAPY_SDR_OVERFLOW;
    }
    const size_t taken = std::min(count, _header.count - _position);
    fromWire(_packet.data() + sizeof(Header) + WIRE_SAMPLE * _position, buffer, taken, _format);
    flags = SOAPY_SDR_HAS_TIME;
    timeNs = _header.timeNs + std::llround(double(_position) / rateHz * 1e9);
    _position += taken;
    if (_position < _header.count) return int(taken);
    _received = 0;
    if (_header.flags & (END | LATE)) _active = false;
    if (_header.flags & LATE) return SOAPY_SDR_TIME_ERROR;
    if (_header.flags & END) flags |= SOAPY_SDR_END_BURST;
    return int(taken);
}

} // namespace semcom
