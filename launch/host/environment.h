// The environment of this process: the only code that reads or sets its variables.
#pragma once

#include <string>

namespace switchyard {

std::string environment_variable(const char* name);  // empty if it is not set
// Leaves a value of the user's alone.
void set_environment_default(const char* name, const char* value);

}  // namespace switchyard
