// The one call that differs between oneDNN 2 and 3: CMake takes the file of the installed version,
// dnnl2_matmul.cpp or dnnl3_matmul.cpp.
#pragma once

#include <dnnl.hpp>

namespace switchyard {

// out = a * b. Throws dnnl::error if the library has no such product.
dnnl::matmul::primitive_desc describe_matmul(const dnnl::engine& engine,
                                             const dnnl::memory::desc& a,
                                             const dnnl::memory::desc& b,
                                             const dnnl::memory::desc& out,
                                             const dnnl::primitive_attr& attributes);

}  // namespace switchyard
