// The version, and how this program was built.
#pragma once

#include <string>

namespace switchyard {

std::string version_number();  // "0.1.0"

// "switchyard 0.1.0", the commit and kind of build, with or without CUDA, the libraries it was
// built with, and the vector instructions of this machine. The text of --version.
std::string version_text();

}  // namespace switchyard
