#include "launch/host/host_name.h"

#include <netdb.h>
#include <unistd.h>

#include <array>

namespace switchyard {

std::string host_name() {
  std::array<char, 256> name{};
  return gethostname(name.data(), name.size() - 1) == 0 ? name.data() : "unknown-host";
}

bool has_address(const std::string& host) {
  addrinfo* found = nullptr;
  const bool has = getaddrinfo(host.c_str(), nullptr, nullptr, &found) == 0;
  if (found != nullptr) freeaddrinfo(found);
  return has;
}

}  // namespace switchyard
