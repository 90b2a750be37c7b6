// SPDX-FileCopyrightText: 2026 The gr-semcom authors
// SPDX-License-Identifier: GPL-3.0-or-later
// The stream of a receiver.
#pragma once

#include "connection.hpp"
#include "packets.hpp"

#include <memory>
#include <mutex>
#include <vector>

namespace semcom {

/// Receives packets and gives their samples to readStream. Calls may come from several threads; results are those of SoapySDR.
class ReceiveStream {
public:
    /// `connection` has been turned into a receive stream. `announce`: print O when samples are lost.
    ReceiveStream(std::unique_ptr<Connection> connection, const std::string &format, bool announce);
    ~ReceiveStream();

    int activate(int flags, long long timeNs, size_t count);
    int deactivate();
    int read(void *buffer, size_t count, int &flags, long long &timeNs, long timeoutUs, double rateHz);

private:
    int fill(Deadline deadline);
    int deliver(void *buffer, size_t count, int &flags, long long &timeNs, double rateHz);
    void stop();

    std::mutex _mutex;
    std::unique_ptr<Connection> _connection; // none once the air is lost
    const std::string _format;
    const bool _announce;
    bool _active = false;
    size_t _received = 0, _position = 0; // bytes of the packet that have come, samples of it that were read
    Header _header{};
    std::vector<char> _packet;
};

} // namespace semcom
