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

// True for Slurm's words "UNLIMITED" and "INFINITE".
bool is_no_limit(const std::string& limit);

// For messages.
inline constexpr const char* slurm_time_forms =
    "minutes, minutes:seconds, hours:minutes:seconds, days-hours, days-hours:minutes or "
    "days-hours:minutes:seconds, as in 90, 12:00:00 or 2-12";

}  // namespace switchyard
