// The config for machines: every key with its value, as JSON.
#pragma once

#include <string>

#include "launch/config/config.h"

namespace switchyard {

// {keys: [{name, type, value, default, choices, low, high, fixed, doc}]}. choices: the names that
// the key chooses from; low, high: of a number, both allowed; null where there are none. fixed: a
// resumed run may not change it.
std::string config_json(const Config& config);

}  // namespace switchyard
