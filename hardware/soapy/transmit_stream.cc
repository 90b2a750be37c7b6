// SPDX-FileCopyrightText: 2026 The gr-semcom authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "transmit_stream.hpp"

#include <SoapySDR/Constants.h>
#include <SoapySDR/Errors.hpp>
#include <SoapySDR/Logger.hpp>

#include <thread>

namespace semcom {

namespace {
constexpr long STOP_TIMEOUT_US = 2000000;
constexpr long LOST_PAUSE_US = 100000; // a client that goes on writing without the air is slowed down
constexpr size_t MOST_TOLD = 256;

int pauseAndFail(long timeoutUs)
{
    std::this_thread::sleep_for(std::chrono::microseconds(std::clamp(timeoutUs, 0L, LOST_PAUSE_US)));
    return SOAPY_SDR_STREAM_ERROR;
}
} // namespace

TransmitStream::TransmitStream(std::unique_ptr<Connection> connection, const std::string &format)
    : _connection(std::move(connection)), _format(format), _packet(sizeof(Header) + WIRE_SAMPLE * MAX_SAMPLES)
{
}

TransmitStream::~TransmitStream()
{
    deactivate();
    if (!_lost) _connection->finish(); // after all that was written has been sent
}

int TransmitStream::deactivate() // ends the burst, so that the gap after it is no underflow
{
    const int done = write(nullptr, 0, SOAPY_SDR_END_BURST, 0, STOP_TIMEOUT_US);
    return done < 0 && !_lost ? done : 0;
}

int TransmitStream::write(const void *buffer, size_t count, int flags, long long timeNs, long timeoutUs)
{
    std::lock_guard<std::mutex> lock(_writing);
    if (_lost) return pauseAndFail(timeoutUs);
    try {
        if (std::unique_lock<std::mutex> watch{_watching, std::try_to_lock}) collect(deadlineIn(0));
        if (!_connection->waitWritable(deadlineIn(timeoutUs))) return SOAPY_SDR_TIMEOUT;
        return int(sendPacket(buffer, count, flags, timeNs));
    } catch (const ConnectionLost &error) {
        lost(error);
        return SOAPY_SDR_STREAM_ERROR;
    }
}

size_t TransmitStream::sendPacket(const void *buffer, size_t count, int flags, long long timeNs)
{
    const size_t taken = std::min(count, MAX_SAMPLES);
    Header header{buffer ? uint32_t(taken) : 0, 0, timeNs};
    if (flags & SOAPY_SDR_HAS_TIME) header.flags |= TIME;
    if ((flags & SOAPY_SDR_END_BURST) && taken == count) header.flags |= END;
    std::memcpy(_packet.data(), &header, sizeof(header));
    toWire(buffer, _packet.data() + sizeof(header), header.count, _format);
    _connection->send(_packet.data(), sizeof(header) + WIRE_SAMPLE * header.count);
    return taken;
}

int TransmitStream::status(int &flags, long long &timeNs, long timeoutUs)
{
    std::lock_guard<std::mutex> lock(_watching);
    try {
        if (_reports.empty() && !_lost) collect(deadlineIn(timeoutUs));
    } catch (const ConnectionLost &error) {
        lost(error);
    }
    if (_reports.empty()) return _lost ? pauseAndFail(timeoutUs) : SOAPY_SDR_TIMEOUT;
    const Header told = _reports.front();
    _reports.pop_front();
    flags = SOAPY_SDR_HAS_TIME | (told.flags & END ? SOAPY_SDR_END_BURST : 0);
    timeNs = told.timeNs;
    return told.flags & UNDERFLOW ? SOAPY_SDR_UNDERFLOW : told.flags & LATE ? SOAPY_SDR_TIME_ERROR : 0;
}

void TransmitStream::collect(Deadline deadline) // waits for the first one; takes all that have come
{
    for (;;) {
        const size_t got = _connection->receive(reinterpret_cast<char *>(&_status) + _received, sizeof(_status) - _received, deadline);
        if (got == 0) return;
        _received += got;
        if (_received < sizeof(_status)) continue;
        _received = 0;
        if (_status.count) throw ConnectionLost("the air sends samples to a transmitter");
        if (_status.flags & UNDERFLOW) SoapySDR::log(SOAPY_SDR_SSI, "U");
        if (_status.flags & LATE) SoapySDR::log(SOAPY_SDR_SSI, "L");
        if (_reports.size() == MOST_TOLD) _reports.pop_front();
        _reports.push_back(_status);
        deadline = deadlineIn(0);
    }
}

void TransmitStream::lost(const ConnectionLost &error)
{
    if (!_lost.exchange(true)) SoapySDR::logf(SOAPY_SDR_ERROR, "transmit stream: %s", error.what());
}

} // namespace semcom
