// SPDX-FileCopyrightText: 2026 The gr-semcom authors
// SPDX-License-Identifier: GPL-3.0-or-later
// Registration with SoapySDR: enumeration and creation of devices.
#include "device.hpp"

#include <SoapySDR/Registry.hpp>

#include <cstdlib>
#include <sstream>
#include <unistd.h>

namespace semcom {

std::string socketPath(const SoapySDR::Kwargs &args)
{
    if (args.count("socket")) return args.at("socket");
    if (const char *named = std::getenv("SEMCOM_AIR_SOCKET"); named && *named) return named;
    if (const char *runtime = std::getenv("XDG_RUNTIME_DIR"); runtime && *runtime) return std::string(runtime) + "/semcom-air.sock";
    return "/tmp/semcom-air-" + std::to_string(getuid()) + ".sock";
}

static SoapySDR::KwargsList find(const SoapySDR::Kwargs &args)
{
    SoapySDR::KwargsList found;
    const std::string path = socketPath(args);
    try {
        std::istringstream names(Connection(path).ask("list"));
        for (std::string name; names >> name;) {
            if (args.count("serial") && args.at("serial") != name) continue;
            found.push_back({{"driver", "air"}, {"serial", name}, {"socket", path}, {"label", "virtual radio " + name}});
        }
    } catch (const std::runtime_error &) {
        return {}; // no air, no radios
    }
    return found;
}

static SoapySDR::Device *make(const SoapySDR::Kwargs &args)
{
    return new AirDevice(args);
}

static const SoapySDR::Registry registration("air", &find, &make, SOAPY_SDR_ABI_VERSION);

} // namespace semcom
