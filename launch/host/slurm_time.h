// Time limits in the form of Slurm's --time.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace switchyard {

// Returns the seconds of "minutes", "minutes:seconds", "hours:minutes:seconds", "days-hours",
// "days-hours:minutes" or "days-hours:minutes:seconds"; std::nullopt for anything else, such as
// "UNLIMITED".
std::optional<std::int64_t> seconds_of_limit(const std::string& limit);

}  // namespace switchyard
