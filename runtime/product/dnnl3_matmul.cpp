#include "runtime/product/dnnl_matmul.h"

namespace switchyard {

dnnl::matmul::primitive_desc describe_matmul(const dnnl::engine& engine,
                                             const dnnl::memory::desc& a,
                                             const dnnl::memory::desc& b,
                                             const dnnl::memory::desc& out,
                                             const dnnl::primitive_attr& attributes) {
  return {engine, a, b, out, attributes};
}

}  // namespace switchyard
