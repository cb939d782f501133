// The key that a mistyped one probably means.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "launch/config/config_table.h"

namespace switchyard {

// "; did you mean train.steps?", or where to look if no key is near. A near one has a typing
// mistake or two, or shorter words (data.seq_len, train.lr), or belongs to another table.
std::string did_you_mean(const std::vector<ConfigKey>& keys, std::string_view name);

}  // namespace switchyard
