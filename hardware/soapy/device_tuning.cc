// SPDX-FileCopyrightText: 2026 The gr-semcom authors
// SPDX-License-Identifier: GPL-3.0-or-later
// Frequency and rates.
#include "device.hpp"

namespace semcom {

namespace {
const std::string RF = "RF", BB = "BB";

std::string component(int direction, const std::string &name)
{
    if (name != RF && name != BB) throw std::runtime_error("frequency component is '" + name + "'; allowed is RF or BB");
    return where(direction) + (name == RF ? "lo_hz" : "offset_hz");
}
} // namespace

std::vector<std::string> AirDevice::listFrequencies(const int, const size_t) const { return {RF, BB}; }

void AirDevice::setFrequency(const int direction, const size_t channel, const double frequencyHz, const SoapySDR::Kwargs &args)
{
    const double away = args.count("OFFSET") ? toNumber(args.at("OFFSET")) : 0;
    const double digital = direction == SOAPY_SDR_RX ? away : -away;
    setFrequency(direction, channel, RF, frequencyHz + away, {});
    if (getFrequency(direction, channel, BB) != digital) setFrequency(direction, channel, BB, digital, {});
}

void AirDevice::setFrequency(const int direction, const size_t, const std::string &name, const double frequencyHz, const SoapySDR::Kwargs &)
{
    setNumber(component(direction, name), frequencyHz);
}

double AirDevice::getFrequency(const int direction, const size_t channel) const
{
    const double digital = getFrequency(direction, channel, BB);
    return getFrequency(direction, channel, RF) + (direction == SOAPY_SDR_RX ? -digital : digital);
}

double AirDevice::getFrequency(const int direction, const size_t, const std::string &name) const
{
    return getNumber(component(direction, name));
}

SoapySDR::RangeList AirDevice::getFrequencyRange(const int direction, const size_t channel) const
{
    return getFrequencyRange(direction, channel, RF);
}

SoapySDR::RangeList AirDevice::getFrequencyRange(const int direction, const size_t, const std::string &name) const
{
    return {getRange(component(direction, name))};
}

SoapySDR::ArgInfoList AirDevice::getFrequencyArgsInfo(const int, const size_t) const
{
    SoapySDR::ArgInfo offset;
    offset.key = "OFFSET";
    offset.name = "LO offset";
    offset.units = "Hz";
    offset.description = "how far RF is put beside the wanted frequency, which BB makes up for";
    offset.type = SoapySDR::ArgInfo::FLOAT;
    offset.value = "0";
    return {offset};
}

// --- rates

void AirDevice::setSampleRate(const int direction, const size_t, const double rateHz)
{
    setNumber(where(direction) + "rate_hz", rateHz);
    if (direction == SOAPY_SDR_RX) _receiveRateHz = rateHz;
}

double AirDevice::getSampleRate(const int direction, const size_t) const { return getNumber(where(direction) + "rate_hz"); }

SoapySDR::RangeList AirDevice::getSampleRateRange(const int direction, const size_t) const
{
    return {getRange(where(direction) + "rate_hz")};
}

std::vector<double> AirDevice::listSampleRates(const int direction, const size_t) const // both ends of the range, for programs that need a list
{
    const SoapySDR::Range range = getRange(where(direction) + "rate_hz");
    return {range.minimum(), range.maximum()};
}

void AirDevice::setBandwidth(const int direction, const size_t, const double bandwidthHz) // 0: as the rate
{
    setNumber(where(direction) + "bandwidth_hz", bandwidthHz);
}

double AirDevice::getBandwidth(const int direction, const size_t) const { return getNumber(where(direction) + "bandwidth_hz"); }

SoapySDR::RangeList AirDevice::getBandwidthRange(const int direction, const size_t) const
{
    return {getRange(where(direction) + "bandwidth_hz")};
}

std::vector<double> AirDevice::listBandwidths(const int direction, const size_t) const
{
    const SoapySDR::Range range = getRange(where(direction) + "bandwidth_hz");
    return {range.minimum(), range.maximum()};
}

} // namespace semcom
