// The machine that this process runs on, and its clock.
#pragma once

#include <optional>
#include <string>

namespace switchyard {

// The cores that this process may run on.
struct Cores {
  std::string mask;  // a '1' or '0' for each core; equal for processes that are bound alike
  int count = 1;
};
Cores allowed_cores();
int online_cores();  // of the machine

std::string boot_id();  // changes when the machine restarts; empty if the system does not say
// Names the namespace in which process numbers count, since a container has its own; may be empty.
std::string pid_namespace();

std::string utc_now();                                          // "2024-05-01T12:00:00Z"
std::optional<double> seconds_of_utc(const std::string& text);  // of such a text, since 1970

}  // namespace switchyard
