#include "runtime/matmul_library.h"

#include <omp.h>

#include <array>
#include <dnnl.hpp>
#include <map>
#include <mutex>
#include <shared_mutex>

#include "runtime/matmul_fallback.h"

namespace switchyard {
namespace {

using Key = std::array<std::int64_t, 8>;

dnnl::memory::desc matrix(std::int64_t rows, std::int64_t cols, Op op, std::int64_t stride) {
  // [rows, cols] as the product sees it; a transposed operand is stored [cols, rows].
  const dnnl::memory::dims strides =
      op == Op::plain ? dnnl::memory::dims{stride, 1} : dnnl::memory::dims{1, stride};
  return {{rows, cols}, dnnl::memory::data_type::f32, strides};
}

// With AVX-512 the library repacks its operands itself, and wants them dense.
bool library_repacks() {
  const auto widest = static_cast<unsigned>(dnnl::cpu_isa::avx512_core);
  return (static_cast<unsigned>(dnnl::get_effective_cpu_isa()) & widest) == widest;
}

struct Primitive {
  dnnl::matmul matmul;
  dnnl::memory::desc a, b, out, scratchpad;
};

// oneDNN's own parallelism is off, whatever thread asks: our loops over tiles are the parallelism.
class OneThread {
 public:
  OneThread() : before_(omp_get_max_threads()) { omp_set_num_threads(1); }
  ~OneThread() { omp_set_num_threads(before_); }
  OneThread(const OneThread&) = delete;
  OneThread& operator=(const OneThread&) = delete;

 private:
  int before_;
};

}  // namespace

struct MatmulLibrary::State {
  dnnl::engine engine{dnnl::engine::kind::cpu, 0};
  std::shared_mutex guard;
  std::map<Key, Primitive> primitives;

  const bool repacks = library_repacks();

  const Primitive& find(const MatmulShape& shape, Write write, std::int64_t stride_a,
                        std::int64_t stride_b) {
    const Key key{shape.m,
                  shape.n,
                  shape.k,
                  static_cast<std::int64_t>(shape.op_a),
                  static_cast<std::int64_t>(shape.op_b),
                  static_cast<std::int64_t>(write),
                  stride_a,
                  stride_b};
    {
      const std::shared_lock lock(guard);
      const auto found = primitives.find(key);
      if (found != primitives.end()) return found->second;
    }
    const std::unique_lock lock(guard);
    const auto found = primitives.find(key);  // another thread may have been first
    return found != primitives.end()
               ? found->second
               : primitives.emplace(key, make(shape, write, stride_a, stride_b)).first->second;
  }

  Primitive make(const MatmulShape& shape, Write write, std::int64_t stride_a,
                 std::int64_t stride_b) const {
    Primitive primitive;
    primitive.a = matrix(shape.m, shape.k, shape.op_a, stride_a);
    primitive.b = matrix(shape.k, shape.n, shape.op_b, stride_b);
    primitive.out = matrix(shape.m, shape.n, Op::plain, shape.n);
    dnnl::primitive_attr attributes;
    attributes.set_scratchpad_mode(dnnl::scratchpad_mode::user);
    if (write == Write::add) {
      dnnl::post_ops sum;
      sum.append_sum(1.0F);
      attributes.set_post_ops(sum);
    }
    const dnnl::matmul::desc description(primitive.a, primitive.b, primitive.out);
    const dnnl::matmul::primitive_desc chosen(description, attributes, engine);
    primitive.scratchpad = chosen.scratchpad_desc();
    primitive.matmul = dnnl::matmul(chosen);
    return primitive;
  }
};

MatmulLibrary::MatmulLibrary() : state_(std::make_unique<State>()) {}
MatmulLibrary::~MatmulLibrary() = default;

// Rows a multiple of 2 KiB apart fall into few cache sets: measured on AVX2, such a right operand
// halves the speed, and copying it to rows 64 bytes further apart wins from 16 rows of out on.
std::int64_t MatmulLibrary::good_stride(std::int64_t cols) const {
  return fallback_ || state_->repacks || cols % 512 != 0 ? cols : cols + 16;
}

void MatmulLibrary::run(const MatmulShape& shape, Write write, Operand a, Operand b, float* out) {
  if (fallback_) {
    fallback_matmul(shape, write, a, b, out);
    return;
  }
  try {
    const OneThread one_thread;
    const Primitive& primitive = state_->find(shape, write, a.stride, b.stride);
    // Not kept: a stream works for its own engine alone, and this thread may serve several.
    dnnl::stream stream(state_->engine);
    thread_local Buffer scratch;
    const auto scratch_bytes = static_cast<std::int64_t>(primitive.scratchpad.get_size());
    if (scratch.tensor().bytes() < scratch_bytes) scratch = Buffer(Shape{scratch_bytes}, DType::u8);
    const auto memory = [&](const dnnl::memory::desc& description, const void* data) {
      return dnnl::memory(description, state_->engine, const_cast<void*>(data));
    };
    primitive.matmul.execute(
        stream, {{DNNL_ARG_SRC, memory(primitive.a, a.data)},
                 {DNNL_ARG_WEIGHTS, memory(primitive.b, b.data)},
                 {DNNL_ARG_DST, memory(primitive.out, out)},
                 {DNNL_ARG_SCRATCHPAD, memory(primitive.scratchpad, scratch.tensor().data)}});
  } catch (const dnnl::error& error) {
    fail(Exit::internal, "oneDNN could not multiply [{}, {}] by [{}, {}]: {}", shape.m, shape.k,
         shape.k, shape.n, error.what());
  }
}

}  // namespace switchyard
