// SPDX-FileCopyrightText: 2026 The gr-semcom authors
// SPDX-License-Identifier: GPL-3.0-or-later
// Streams, each with a connection of its own to the air.
#include "device.hpp"
#include "receive_stream.hpp"
#include "transmit_stream.hpp"

#include <SoapySDR/Errors.hpp>

namespace semcom {

namespace {
constexpr long SHORT_TIMEOUT_US = 10000;    // a shorter one is not meant as a wait
constexpr long LONGEST_WAIT_US = 30000000;

/// Target of a SoapySDR::Stream pointer: one of the two.
struct AirStream {
    std::unique_ptr<ReceiveStream> receive;
    std::unique_ptr<TransmitStream> transmit;
};

AirStream *of(SoapySDR::Stream *stream)
{
    return reinterpret_cast<AirStream *>(stream);
}
} // namespace

std::vector<std::string> AirDevice::getStreamFormats(const int, const size_t) const
{
    return {SOAPY_SDR_CF32, SOAPY_SDR_CS16};
}

std::string AirDevice::getNativeStreamFormat(const int, const size_t, double &fullScale) const
{
    fullScale = FULL_SCALE;
    return SOAPY_SDR_CS16;
}

SoapySDR::Stream *AirDevice::setupStream(
    const int direction, const std::string &format, const std::vector<size_t> &channels, const SoapySDR::Kwargs &)
{
    if (channels.size() > 1 || (channels.size() == 1 && channels[0] != 0)) throw std::runtime_error("channels: allowed is 0 alone");
    if (format != SOAPY_SDR_CF32 && format != SOAPY_SDR_CS16) {
        throw std::runtime_error("stream format is '" + format + "'; allowed is CF32 or CS16");
    }
    auto connection = connect();
    auto made = std::make_unique<AirStream>();
    if (direction == SOAPY_SDR_RX) {
        connection->ask("stream rx");
        made->receive = std::make_unique<ReceiveStream>(std::move(connection), format, _bridged); // gr-soapy prints sO itself
    } else {
        connection->ask("stream tx");
        made->transmit = std::make_unique<TransmitStream>(std::move(connection), format);
    }
    return reinterpret_cast<SoapySDR::Stream *>(made.release());
}

void AirDevice::closeStream(SoapySDR::Stream *stream)
{
    delete of(stream);
}

size_t AirDevice::getStreamMTU(SoapySDR::Stream *) const
{
    return MAX_SAMPLES;
}

int AirDevice::activateStream(SoapySDR::Stream *stream, const int flags, const long long timeNs, const size_t count)
{
    if (!of(stream)->receive) return flags ? SOAPY_SDR_NOT_SUPPORTED : 0; // bursts are timed by what is written
    try {
        _receiveRateHz = getNumber("rx rate_hz");
    } catch (const ConnectionLost &) {
        return SOAPY_SDR_STREAM_ERROR;
    }
    return of(stream)->receive->activate(flags, timeNs, count);
}

int AirDevice::deactivateStream(SoapySDR::Stream *stream, const int flags, const long long)
{
    if (flags) return SOAPY_SDR_NOT_SUPPORTED;
    return of(stream)->receive ? of(stream)->receive->deactivate() : of(stream)->transmit->deactivate();
}

int AirDevice::readStream(
    SoapySDR::Stream *stream, void *const *buffers, const size_t count, int &flags, long long &timeNs, const long timeoutUs)
{
    if (!of(stream)->receive) return SOAPY_SDR_NOT_SUPPORTED;
    return of(stream)->receive->read(buffers[0], count, flags, timeNs, timeoutUs, _receiveRateHz);
}

// The timeout is counted by the radio's clock, which stands still while virtual time waits for a slow receiver: after a
// timeout gr-soapy 3.10.5's sink would lose the whole burst.
int AirDevice::writeStream(
    SoapySDR::Stream *stream, const void *const *buffers, const size_t count, int &flags, const long long timeNs, const long timeoutUs)
{
    if (!of(stream)->transmit) return SOAPY_SDR_NOT_SUPPORTED;
    const Deadline end = deadlineIn(LONGEST_WAIT_US);
    long long beganNs = -1;
    for (;;) {
        const int done = of(stream)->transmit->write(buffers[0], count, flags, timeNs, timeoutUs);
        if (done != SOAPY_SDR_TIMEOUT || timeoutUs < SHORT_TIMEOUT_US || std::chrono::steady_clock::now() >= end) return done;
        try {
            const long long nowNs = getHardwareTime("");
            if (beganNs < 0) beganNs = nowNs;
            else if (nowNs - beganNs >= 1000LL * timeoutUs || nowNs < beganNs) return SOAPY_SDR_TIMEOUT;
        } catch (const std::runtime_error &) {
            return SOAPY_SDR_STREAM_ERROR;
        }
    }
}

int AirDevice::readStreamStatus(SoapySDR::Stream *stream, size_t &channels, int &flags, long long &timeNs, const long timeoutUs)
{
    if (!of(stream)->transmit) return SOAPY_SDR_NOT_SUPPORTED;
    channels = 1;
    return of(stream)->transmit->status(flags, timeNs, timeoutUs);
}

} // namespace semcom
