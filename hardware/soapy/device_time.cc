// SPDX-FileCopyrightText: 2026 The gr-semcom authors
// SPDX-License-Identifier: GPL-3.0-or-later
// Clock, time and sensors.
#include "device.hpp"

namespace semcom {

namespace {
const std::string PULSE = "PPS"; // as UHD's bridge names it

SoapySDR::ArgInfo lockSensor(const std::string &key)
{
    SoapySDR::ArgInfo info;
    info.key = info.name = key;
    info.type = SoapySDR::ArgInfo::BOOL;
    info.value = "true";
    return info;
}
} // namespace

void AirDevice::setMasterClockRate(const double rateHz) { setNumber("radio clock_rate_hz", rateHz); }
double AirDevice::getMasterClockRate() const { return getNumber("radio clock_rate_hz"); }
SoapySDR::RangeList AirDevice::getMasterClockRates() const { return {getRange("radio clock_rate_hz")}; }
std::vector<std::string> AirDevice::listClockSources() const { return getChoices("radio clock_source"); }
void AirDevice::setClockSource(const std::string &source) { ask("set radio clock_source " + source); }
std::string AirDevice::getClockSource() const { return ask("get radio clock_source"); }
std::vector<std::string> AirDevice::listTimeSources() const { return getChoices("radio time_source"); }
void AirDevice::setTimeSource(const std::string &source) { ask("set radio time_source " + source); }
std::string AirDevice::getTimeSource() const { return ask("get radio time_source"); }

bool AirDevice::hasHardwareTime(const std::string &what) const { return what.empty() || what == PULSE; }

long long AirDevice::getHardwareTime(const std::string &what) const
{
    return std::stoll(ask(what == PULSE ? "get radio pulse_ns" : "get radio time_ns"));
}

void AirDevice::setHardwareTime(const long long timeNs, const std::string &what)
{
    ask((what == PULSE ? "set radio pulse_ns " : "set radio time_ns ") + std::to_string(timeNs));
}

std::vector<std::string> AirDevice::listSensors() const { return {"ref_locked"}; }
SoapySDR::ArgInfo AirDevice::getSensorInfo(const std::string &key) const { return lockSensor(key); }
std::string AirDevice::readSensor(const std::string &key) const { return ask("get radio " + key); }
std::vector<std::string> AirDevice::listSensors(const int, const size_t) const { return {"lo_locked"}; }
SoapySDR::ArgInfo AirDevice::getSensorInfo(const int, const size_t, const std::string &key) const { return lockSensor(key); }

std::string AirDevice::readSensor(const int direction, const size_t, const std::string &key) const
{
    return ask("get " + where(direction) + key);
}

} // namespace semcom
