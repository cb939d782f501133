// The error of a program without the CUDA backend that is asked for a GPU. For the files
// no_cuda.cpp.
#pragma once

namespace switchyard {

// Errors: Exit::usage, always.
[[noreturn]] void fail_without_cuda();

}  // namespace switchyard
