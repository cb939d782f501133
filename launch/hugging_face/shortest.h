// Decimal numbers as people write them.
#pragma once

#include <fmt/format.h>

#include <string>

namespace switchyard::hub {

// The double with the shortest decimal text that rounds to `value`: 1e-05 for the float nearest to
// it, where a cast gives 9.999999747378752e-06.
inline double shortest(float value) { return std::stod(fmt::format("{}", value)); }

}  // namespace switchyard::hub
