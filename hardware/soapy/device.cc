// SPDX-FileCopyrightText: 2026 The gr-semcom authors
// SPDX-License-Identifier: GPL-3.0-or-later
// Settings, each a command to the air: requests, identity, antennas and gains.
#include "device.hpp"

#include <locale>
#include <sstream>

namespace semcom {

namespace {
const std::string GAIN = "PGA";
} // namespace

std::string where(int direction)
{
    return direction == SOAPY_SDR_RX ? "rx " : "tx ";
}

double toNumber(const std::string &text)
{
    std::istringstream stream(text);
    stream.imbue(std::locale::classic());
    double value = 0;
    stream >> value;
    return value;
}

AirDevice::AirDevice(const SoapySDR::Kwargs &args)
    : _path(socketPath(args)), _name(args.count("serial") ? args.at("serial") : ""),
      _bridged(args.count("type") && args.at("type") == "soapy")
{
    _receiveRateHz = getNumber("rx rate_hz");
}

std::unique_ptr<Connection> AirDevice::connect() const
{
    auto made = std::make_unique<Connection>(_path);
    std::string name = _name;
    if (name.empty()) std::istringstream(made->ask("list")) >> name; // the first
    made->ask("use " + name);
    return made;
}

std::string AirDevice::ask(const std::string &line) const
{
    if (line.find('\n') != std::string::npos) throw std::runtime_error("a value has more than one line; allowed is one");
    std::lock_guard<std::mutex> lock(_asking);
    const bool fresh = !_control;
    for (bool again = fresh;; again = true) {
        try {
            if (!_control) _control = connect();
            return _control->ask(line);
        } catch (const ConnectionLost &) {
            _control.reset();
            if (again) throw; // else the air may have been restarted since the last request
        }
    }
}

double AirDevice::getNumber(const std::string &setting) const
{
    return toNumber(ask("get " + setting));
}

void AirDevice::setNumber(const std::string &setting, double value)
{
    std::ostringstream text;
    text.imbue(std::locale::classic());
    text.precision(17);
    text << "set " << setting << ' ' << value;
    ask(text.str());
}

SoapySDR::Range AirDevice::getRange(const std::string &setting) const
{
    std::istringstream words(ask("range " + setting));
    std::string low, high, step;
    words >> low >> high >> step;
    return {toNumber(low), toNumber(high), toNumber(step)};
}

std::vector<std::string> AirDevice::getChoices(const std::string &setting) const
{
    std::istringstream words(ask("choices " + setting));
    std::vector<std::string> found;
    for (std::string word; words >> word;) found.push_back(word);
    return found;
}

// --- identity

std::string AirDevice::getDriverKey() const { return "air"; }
std::string AirDevice::getHardwareKey() const { return "virtual"; }
SoapySDR::Kwargs AirDevice::getHardwareInfo() const { return {{"serial", _name}, {"name", _name}, {"socket", _path}}; }
size_t AirDevice::getNumChannels(const int) const { return 1; }
bool AirDevice::getFullDuplex(const int, const size_t) const { return true; }

// --- antennas and gains

std::vector<std::string> AirDevice::listAntennas(const int direction, const size_t) const
{
    return getChoices(where(direction) + "antenna");
}

void AirDevice::setAntenna(const int direction, const size_t, const std::string &name)
{
    ask("set " + where(direction) + "antenna " + name);
}

std::string AirDevice::getAntenna(const int direction, const size_t) const { return ask("get " + where(direction) + "antenna"); }

std::vector<std::string> AirDevice::listGains(const int, const size_t) const { return {GAIN}; }

void AirDevice::setGain(const int direction, const size_t, const double gainDb)
{
    setNumber(where(direction) + "gain_db", gainDb);
}

double AirDevice::getGain(const int direction, const size_t) const { return getNumber(where(direction) + "gain_db"); }

SoapySDR::Range AirDevice::getGainRange(const int direction, const size_t) const
{
    return getRange(where(direction) + "gain_db");
}

void AirDevice::setGain(const int direction, const size_t channel, const std::string &, const double gainDb)
{
    setGain(direction, channel, gainDb);
}

double AirDevice::getGain(const int direction, const size_t channel, const std::string &) const
{
    return getGain(direction, channel);
}

SoapySDR::Range AirDevice::getGainRange(const int direction, const size_t channel, const std::string &) const
{
    return getGainRange(direction, channel);
}

} // namespace semcom
