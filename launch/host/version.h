// The text of --version.
#pragma once

#include <string>

namespace switchyard {

// "switchyard 0.1.0", the libraries it was built with, and the vector instructions of this machine.
std::string version_text();

}  // namespace switchyard
