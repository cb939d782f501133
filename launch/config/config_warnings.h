// Settings that do nothing, or less than they seem to.
#pragma once

#include <string>
#include <vector>

#include "launch/config/config.h"

namespace switchyard {

// One sentence each, naming the keys. Keys with their default value are never the subject.
std::vector<std::string> config_warnings(const Config& config);

}  // namespace switchyard
