// SPDX-FileCopyrightText: 2026 The gr-semcom authors
// SPDX-License-Identifier: GPL-3.0-or-later
// A connection to the socket of the air.
#pragma once

#include <chrono>
#include <cstddef>
#include <stdexcept>
#include <string>

namespace semcom {

using Deadline = std::chrono::steady_clock::time_point;

/// The time so many microseconds from now.
Deadline deadlineIn(long microseconds);

/// The air has gone, or does not answer.
struct ConnectionLost : std::runtime_error {
    using std::runtime_error::runtime_error;
};

/// A connected Unix socket. Every call has a time limit.
class Connection {
public:
    /// Connect; throws ConnectionLost.
    explicit Connection(const std::string &path);
    ~Connection();
    Connection(const Connection &) = delete;
    Connection &operator=(const Connection &) = delete;

    /// Send a line and return the value that answers it; throws ConnectionLost, or std::runtime_error with the air's message.
    std::string ask(const std::string &line);

    /// Send all of it; throws ConnectionLost, also if the air does not read for some seconds.
    void send(const void *data, size_t size);

    /// Receive up to `size` bytes; 0 once the deadline has passed; throws ConnectionLost.
    size_t receive(void *data, size_t size, Deadline deadline);

    /// Wait until a packet can be sent without waiting; false once the deadline has passed.
    bool waitWritable(Deadline deadline);

    /// Shut down the sending direction, and wait until the air has closed.
    void finish();

private:
    bool wait(short events, Deadline deadline);

    int _fd;
};

} // namespace semcom
