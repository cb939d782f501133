// Keys that earlier versions had. Every checkpoint and run directory holds its whole config, so the
// configs of earlier versions must still be read.
#pragma once

#include <string>
#include <string_view>

namespace switchyard {

// True if the key is a retired one, set to the value that left it unused, so that a reader may skip
// it. Errors: Exit::usage, naming the key and `where` it was read, if it has another value.
bool skips_retired_key(const std::string& name, std::string_view value, const std::string& where);

}  // namespace switchyard
