// The keys by which two documents may be the same. Keys of different kinds do not meet.
#pragma once

#include <cstdint>
#include <string>

#include "io/files/hash.h"

namespace switchyard::prepare {

// 0 for no URL, and for nothing else.
inline std::uint64_t key_of_url(const std::string& url) {
  return url.empty() ? 0 : content_hash("url " + url).low | 1;
}

// The key of a normalised text with this hash.
inline std::uint64_t key_of_text(const ContentHash& normalized_hash) {
  return normalized_hash.low ^ 0x9e3779b97f4a7c15;
}

}  // namespace switchyard::prepare
