// SPDX-FileCopyrightText: 2026 The gr-semcom authors
// SPDX-License-Identifier: GPL-3.0-or-later
#include "connection.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

namespace semcom {

namespace {
constexpr long ANSWER_TIMEOUT_US = 5000000;
constexpr size_t LONGEST_ANSWER = 4096;
// The kernel reports a socket as writable while at most a quarter of its buffer is in use: a packet fits into the rest.
constexpr int SEND_BUFFER = 1 << 17;
} // namespace

Deadline deadlineIn(long microseconds)
{
    return std::chrono::steady_clock::now() + std::chrono::microseconds(std::max(0L, microseconds));
}

Connection::Connection(const std::string &path) : _fd(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0))
{
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    if (_fd < 0 || path.size() >= sizeof(address.sun_path)) {
        if (_fd >= 0) close(_fd);
        throw ConnectionLost("socket " + path + " cannot be used");
    }
    std::memcpy(address.sun_path, path.data(), path.size());
    const timeval limit{2, 0};
    setsockopt(_fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit)); // how long connect() waits
    setsockopt(_fd, SOL_SOCKET, SO_SNDBUF, &SEND_BUFFER, sizeof(SEND_BUFFER));
    if (connect(_fd, reinterpret_cast<const sockaddr *>(&address), sizeof(address)) != 0) {
        const std::string reason = std::strerror(errno);
        close(_fd);
        throw ConnectionLost("no air at socket " + path + ": " + reason);
    }
}

Connection::~Connection()
{
    close(_fd);
}

std::string Connection::ask(const std::string &line)
{
    send((line + "\n").data(), line.size() + 1);
    const Deadline deadline = deadlineIn(ANSWER_TIMEOUT_US);
    std::string answer;
    for (char one = 0; answer.size() < LONGEST_ANSWER; answer += one) {
        if (receive(&one, 1, deadline) == 0) throw ConnectionLost("the air does not answer '" + line + "'");
        if (one == '\n') break;
    }
    if (answer.rfind("ok", 0) == 0) return answer.substr(std::min<size_t>(3, answer.size()));
    throw std::runtime_error(answer.rfind("error ", 0) == 0 ? answer.substr(6) : "the air answers '" + answer + "'");
}

void Connection::send(const void *data, size_t size)
{
    auto next = static_cast<const char *>(data);
    const Deadline deadline = deadlineIn(ANSWER_TIMEOUT_US);
    while (size > 0) {
        const ssize_t sent = ::send(_fd, next, size, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (sent > 0) {
            next += sent;
            size -= size_t(sent);
        } else if (errno != EINTR && (errno != EAGAIN || !wait(POLLOUT, deadline))) {
            throw ConnectionLost(std::string("the air takes nothing more: ") + std::strerror(errno));
        }
    }
}

size_t Connection::receive(void *data, size_t size, Deadline deadline)
{
    for (;;) {
        const ssize_t got = recv(_fd, data, size, MSG_DONTWAIT);
        if (got > 0) return size_t(got);
        if (got == 0) throw ConnectionLost("the air has closed the connection");
        if (errno == EINTR) continue;
        if (errno != EAGAIN) throw ConnectionLost(std::string("the air is lost: ") + std::strerror(errno));
        if (!wait(POLLIN, deadline)) return 0;
    }
}

bool Connection::waitWritable(Deadline deadline)
{
    return wait(POLLOUT, deadline);
}

void Connection::finish()
{
    shutdown(_fd, SHUT_WR);
    const Deadline deadline = deadlineIn(ANSWER_TIMEOUT_US);
    char rest[4096];
    try {
        while (receive(rest, sizeof(rest), deadline) > 0) continue;
    } catch (const ConnectionLost &) {
        return; // it has closed
    }
}

bool Connection::wait(short events, Deadline deadline)
{
    pollfd watched{_fd, events, 0};
    for (;;) {
        const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now());
        const int found = poll(&watched, 1, int(std::clamp<long long>(left.count(), 0, 60000)));
        if (found > 0) return true;
        if (found < 0 && errno != EINTR) return true; // the next call reports the error
        if (std::chrono::steady_clock::now() >= deadline) return false;
    }
}

} // namespace semcom
