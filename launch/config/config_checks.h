// Checks how the values of a config fit together. Reading it checked each value by itself.
#pragma once

#include "launch/config/config.h"

namespace switchyard {

// Errors: Exit::usage, saying which keys do not fit and what to change.
void check_config(const Config& config);

}  // namespace switchyard
