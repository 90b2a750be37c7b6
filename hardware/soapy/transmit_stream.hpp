// SPDX-FileCopyrightText: 2026 The gr-semcom authors
// SPDX-License-Identifier: GPL-3.0-or-later
// The stream of a transmitter.
#pragma once

#include "connection.hpp"
#include "packets.hpp"

#include <atomic>
#include <deque>
#include <memory>
#include <mutex>
#include <vector>

namespace semcom {

/// Sends what writeStream gets as packets. Writing and reading the status may run at the same time; results are those of SoapySDR.
class TransmitStream {
public:
    /// `connection` has been turned into a transmit stream.
    TransmitStream(std::unique_ptr<Connection> connection, const std::string &format);
    ~TransmitStream();

    int deactivate();
    int write(const void *buffer, size_t count, int flags, long long timeNs, long timeoutUs);
    int status(int &flags, long long &timeNs, long timeoutUs);

private:
    size_t sendPacket(const void *buffer, size_t count, int flags, long long timeNs);
    void collect(Deadline deadline);
    void lost(const ConnectionLost &error);

    std::mutex _writing, _watching;
    const std::unique_ptr<Connection> _connection;
    const std::string _format;
    std::atomic<bool> _lost{false};
    std::vector<char> _packet;
    Header _status{};            // the report being received,
    size_t _received = 0;        // its bytes received so far,
    std::deque<Header> _reports; // and the ones not read yet
};

} // namespace semcom
