#include "launch/host/environment.h"

#include <cstdlib>

namespace switchyard {

std::string environment_variable(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

void set_environment_default(const char* name, const char* value) { setenv(name, value, 0); }

}  // namespace switchyard
