// What a program without the CUDA backend says when it is asked for a GPU. For files no_cuda.cpp.
#pragma once

namespace switchyard {

// Errors: Exit::usage, always.
[[noreturn]] void fail_without_cuda();

}  // namespace switchyard
