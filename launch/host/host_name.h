// The name of this host.
#pragma once

#include <string>

namespace switchyard {

std::string host_name();
// Asks the system's resolver, which may wait for seconds for a name server that does not answer.
bool has_address(const std::string& host);

}  // namespace switchyard
