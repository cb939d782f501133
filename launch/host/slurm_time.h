// Time limits as Slurm's --time takes them.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace switchyard {

// Seconds of "minutes", "minutes:seconds", "hours:minutes:seconds", "days-hours",
// "days-hours:minutes" or "days-hours:minutes:seconds". Nothing for what is none of these, such as
// "UNLIMITED".
std::optional<std::int64_t> seconds_of_limit(const std::string& limit);

}  // namespace switchyard
