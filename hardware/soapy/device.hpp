// SPDX-FileCopyrightText: 2026 The gr-semcom authors
// SPDX-License-Identifier: GPL-3.0-or-later
// A radio of the air as a SoapySDR device.
#pragma once

#include "connection.hpp"

#include <SoapySDR/Device.hpp>

#include <atomic>
#include <memory>
#include <mutex>

namespace semcom {

/// Socket of the air: the argument `socket`, else $SEMCOM_AIR_SOCKET, else as in python/semcom_core/radio/virtual/soapy/server.py.
std::string socketPath(const SoapySDR::Kwargs &args);

/// Prefix of a setting's name: "rx " or "tx ".
std::string where(int direction);

/// A number as the air writes it, independent of the locale.
double toNumber(const std::string &text);

/// One radio. The air stores and checks all settings; a value that it refuses is thrown as std::runtime_error.
class AirDevice : public SoapySDR::Device {
public:
    explicit AirDevice(const SoapySDR::Kwargs &args);

    std::string getDriverKey() const override;
    std::string getHardwareKey() const override;
    SoapySDR::Kwargs getHardwareInfo() const override;
    size_t getNumChannels(const int direction) const override;
    bool getFullDuplex(const int direction, const size_t channel) const override;

    std::vector<std::string> getStreamFormats(const int direction, const size_t channel) const override;
    std::string getNativeStreamFormat(const int direction, const size_t channel, double &fullScale) const override;
    SoapySDR::Stream *setupStream(const int direction, const std::string &format, const std::vector<size_t> &channels,
        const SoapySDR::Kwargs &args) override;
    void closeStream(SoapySDR::Stream *stream) override;
    size_t getStreamMTU(SoapySDR::Stream *stream) const override;
    int activateStream(SoapySDR::Stream *stream, const int flags, const long long timeNs, const size_t count) override;
    int deactivateStream(SoapySDR::Stream *stream, const int flags, const long long timeNs) override;
    int readStream(SoapySDR::Stream *stream, void *const *buffers, const size_t count, int &flags, long long &timeNs,
        const long timeoutUs) override;
    int writeStream(SoapySDR::Stream *stream, const void *const *buffers, const size_t count, int &flags, const long long timeNs,
        const long timeoutUs) override;
    int readStreamStatus(SoapySDR::Stream *stream, size_t &channels, int &flags, long long &timeNs, const long timeoutUs) override;

    std::vector<std::string> listAntennas(const int direction, const size_t channel) const override;
    void setAntenna(const int direction, const size_t channel, const std::string &name) override;
    std::string getAntenna(const int direction, const size_t channel) const override;

    std::vector<std::string> listGains(const int direction, const size_t channel) const override;
    void setGain(const int direction, const size_t channel, const double gainDb) override;
    void setGain(const int direction, const size_t channel, const std::string &name, const double gainDb) override;
    double getGain(const int direction, const size_t channel) const override;
    double getGain(const int direction, const size_t channel, const std::string &name) const override;
    SoapySDR::Range getGainRange(const int direction, const size_t channel) const override;
    SoapySDR::Range getGainRange(const int direction, const size_t channel, const std::string &name) const override;

    // Components: RF, and BB, digital tuning with UHD's sign: RF - BB is received, RF + BB is sent.
    std::vector<std::string> listFrequencies(const int direction, const size_t channel) const override;
    void setFrequency(const int direction, const size_t channel, const double frequencyHz, const SoapySDR::Kwargs &args) override;
    void setFrequency(const int direction, const size_t channel, const std::string &name, const double frequencyHz,
        const SoapySDR::Kwargs &args) override;
    double getFrequency(const int direction, const size_t channel) const override;
    double getFrequency(const int direction, const size_t channel, const std::string &name) const override;
    SoapySDR::RangeList getFrequencyRange(const int direction, const size_t channel) const override;
    SoapySDR::RangeList getFrequencyRange(const int direction, const size_t channel, const std::string &name) const override;
    SoapySDR::ArgInfoList getFrequencyArgsInfo(const int direction, const size_t channel) const override;

    void setSampleRate(const int direction, const size_t channel, const double rateHz) override;
    double getSampleRate(const int direction, const size_t channel) const override;
    std::vector<double> listSampleRates(const int direction, const size_t channel) const override;
    SoapySDR::RangeList getSampleRateRange(const int direction, const size_t channel) const override;
    void setBandwidth(const int direction, const size_t channel, const double bandwidthHz) override;
    double getBandwidth(const int direction, const size_t channel) const override;
    std::vector<double> listBandwidths(const int direction, const size_t channel) const override;
    SoapySDR::RangeList getBandwidthRange(const int direction, const size_t channel) const override;

    void setMasterClockRate(const double rateHz) override;
    double getMasterClockRate() const override;
    SoapySDR::RangeList getMasterClockRates() const override;
    std::vector<std::string> listClockSources() const override;
    void setClockSource(const std::string &source) override;
    std::string getClockSource() const override;
    std::vector<std::string> listTimeSources() const override;
    void setTimeSource(const std::string &source) override;
    std::string getTimeSource() const override;

    bool hasHardwareTime(const std::string &what) const override;
    long long getHardwareTime(const std::string &what) const override;
    void setHardwareTime(const long long timeNs, const std::string &what) override;

    std::vector<std::string> listSensors() const override;
    SoapySDR::ArgInfo getSensorInfo(const std::string &key) const override;
    std::string readSensor(const std::string &key) const override;
    std::vector<std::string> listSensors(const int direction, const size_t channel) const override;
    SoapySDR::ArgInfo getSensorInfo(const int direction, const size_t channel, const std::string &key) const override;
    std::string readSensor(const int direction, const size_t channel, const std::string &key) const override;

private:
    std::unique_ptr<Connection> connect() const;
    std::string ask(const std::string &line) const;
    double getNumber(const std::string &setting) const;
    void setNumber(const std::string &setting, double value);
    SoapySDR::Range getRange(const std::string &setting) const;
    std::vector<std::string> getChoices(const std::string &setting) const;

    const std::string _path, _name;
    const bool _bridged; // UHD's bridge uses this device
    std::atomic<double> _receiveRateHz{0};
    mutable std::mutex _asking;
    mutable std::unique_ptr<Connection> _control; // none before the first request, or after the air was lost
};

} // namespace semcom
