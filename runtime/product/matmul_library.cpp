#include "runtime/product/matmul_library.h"

#include <omp.h>

#include <algorithm>
#include <array>
#include <dnnl.hpp>
#include <map>
#include <mutex>
#include <shared_mutex>
#include <vector>

#include "runtime/product/dnnl_matmul.h"
#include "runtime/product/own_matmul.h"
#include "runtime/rounding.h"

namespace switchyard {
namespace {

using DataType = dnnl::memory::data_type;

// One call: out [m, n] of operands of `type`, in f32 or, for int8, in i32.
struct Call {
  MatmulShape shape;
  Write write;
  DataType type;
  std::int64_t stride_a, stride_b;

  auto key() const {
    return std::array{shape.m,
                      shape.n,
                      shape.k,
                      static_cast<std::int64_t>(shape.op_a),
                      static_cast<std::int64_t>(shape.op_b),
                      static_cast<std::int64_t>(write),
                      static_cast<std::int64_t>(type),
                      stride_a,
                      stride_b};
  }
};

dnnl::memory::desc matrix(std::int64_t rows, std::int64_t cols, DataType type, Op op,
                          std::int64_t stride) {
  // [rows, cols] as the product sees it; a transposed operand is stored [cols, rows].
  const dnnl::memory::dims strides =
      op == Op::plain ? dnnl::memory::dims{stride, 1} : dnnl::memory::dims{1, stride};
  return {{rows, cols}, type, strides};
}

bool has(dnnl::cpu_isa isa) {
  const auto wanted = static_cast<unsigned>(isa);
  return (static_cast<unsigned>(dnnl::get_effective_cpu_isa()) & wanted) == wanted;
}

struct Primitive {
  dnnl::matmul matmul;
  dnnl::memory::desc a, b, out, scratchpad;
};

// Turns off oneDNN's own threads in the calling thread: our loops over tiles use the threads.
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
  std::map<decltype(Call{}.key()), Primitive> primitives;

  // With AVX-512 the library repacks its operands itself, and prefers them dense.
  const bool repacks = has(dnnl::cpu_isa::avx512_core);

  const Primitive& find(const Call& call) {
    const auto key = call.key();
    {
      const std::shared_lock lock(guard);
      const auto found = primitives.find(key);
      if (found != primitives.end()) return found->second;
    }
    const std::unique_lock lock(guard);
    const auto found = primitives.find(key);  // another thread may have added it
    return found != primitives.end() ? found->second
                                     : primitives.emplace(key, make(call)).first->second;
  }

  Primitive make(const Call& call) const {
    const MatmulShape& shape = call.shape;
    Primitive primitive;
    primitive.a = matrix(shape.m, shape.k, call.type, shape.op_a, call.stride_a);
    primitive.b = matrix(shape.k, shape.n, call.type, shape.op_b, call.stride_b);
    primitive.out =
        matrix(shape.m, shape.n, call.type == DataType::s8 ? DataType::s32 : DataType::f32,
               Op::plain, shape.n);
    dnnl::primitive_attr attributes;
    attributes.set_scratchpad_mode(dnnl::scratchpad_mode::user);
    if (call.write == Write::add) {
      dnnl::post_ops sum;
      sum.append_sum(1.0F);
      attributes.set_post_ops(sum);
    }
    const dnnl::matmul::primitive_desc chosen =
        describe_matmul(engine, primitive.a, primitive.b, primitive.out, attributes);
    primitive.scratchpad = chosen.scratchpad_desc();
    primitive.matmul = dnnl::matmul(chosen);
    return primitive;
  }

  void run(const Call& call, const void* a, const void* b, void* out) {
    const OneThread one_thread;
    const Primitive& primitive = find(call);
    // This is not kept: a oneDNN stream belongs to one engine, and this thread may use several.
    dnnl::stream stream(engine);
    thread_local Buffer scratch;
    const auto scratch_bytes = static_cast<std::int64_t>(primitive.scratchpad.get_size());
    if (scratch.tensor().bytes() < scratch_bytes) scratch = Buffer(Shape{scratch_bytes}, DType::u8);
    const auto memory = [&](const dnnl::memory::desc& description, const void* data) {
      return dnnl::memory(description, engine, const_cast<void*>(data));
    };
    primitive.matmul.execute(
        stream, {{DNNL_ARG_SRC, memory(primitive.a, a)},
                 {DNNL_ARG_WEIGHTS, memory(primitive.b, b)},
                 {DNNL_ARG_DST, memory(primitive.out, out)},
                 {DNNL_ARG_SCRATCHPAD, memory(primitive.scratchpad, scratch.tensor().data)}});
  }
};

MatmulLibrary::MatmulLibrary()
    : state_(std::make_unique<State>()), bf16_(try_bf16()), int8_(try_int8()) {}
MatmulLibrary::~MatmulLibrary() = default;

MatmulLibrary& matmul_library(Stream& stream) {
  return static_cast<MatmulLibrary&>(stream.product_handles(
      []() -> std::unique_ptr<ProductHandles> { return std::make_unique<MatmulLibrary>(); }));
}

// Rows that are a multiple of 2 KiB apart fall into few cache sets. Measured with AVX2, such a
// right operand halves the speed, and copying it to rows 64 bytes further apart pays from 16 rows
// of out on.
std::int64_t MatmulLibrary::good_stride(std::int64_t cols) const {
  return fallback_ || state_->repacks || cols % 512 != 0 ? cols : cols + 16;
}

// Measured with AVX2 (bench/matmul_bench, BM_Experts). Our kernel does not use AVX-512.
bool MatmulLibrary::leaves_to_own(std::int64_t n, std::int64_t k) const {
  constexpr std::int64_t max_elements = std::int64_t{1} << 17;
  return !state_->repacks && n * k <= max_elements;
}

void MatmulLibrary::run(const MatmulShape& shape, Write write, Operand a, Operand b, float* out) {
  if (fallback_) {
    own_matmul(shape, write, a, b, out);
    return;
  }
  try {
    const DataType type = a.element_bytes == sizeof(float) ? DataType::f32 : DataType::bf16;
    state_->run({shape, write, type, a.stride, b.stride}, a.data, b.data, out);
  } catch (const dnnl::error& error) {
    fail(Exit::internal, "oneDNN could not multiply [{}, {}] by [{}, {}]: {}", shape.m, shape.k,
         shape.k, shape.n, error.what());
  }
}

void MatmulLibrary::run_int8(std::int64_t m, std::int64_t n, std::int64_t k, const std::int8_t* a,
                             const std::int8_t* b, std::int32_t* out) {
  try {
    const MatmulShape shape{m, n, k, Op::plain, Op::transposed};
    state_->run({shape, Write::replace, DataType::s8, k, k}, a, b, out);
  } catch (const dnnl::error& error) {
    fail(Exit::internal, "oneDNN could not multiply [{}, {}] by [{}, {}] in int8: {}", m, k, k, n,
         error.what());
  }
}

// Tries a sum of 64 terms 1 * 1. Without AVX512-BF16 the library has no such product, or a slow
// one.
bool MatmulLibrary::try_bf16() {
  if (!has(dnnl::cpu_isa::avx512_core_bf16)) return false;
  constexpr std::int64_t size = 64;
  const std::vector<std::uint16_t> ones(size * size, bf16_of(1.0F));
  std::vector<float> out(size * size);
  const Operand square(ones.data(), size, sizeof(std::uint16_t));
  try {
    run({size, size, size, Op::plain, Op::transposed}, Write::replace, square, square, out.data());
  } catch (const Error&) {
    return false;
  }
  return std::all_of(out.begin(), out.end(), [](float sum) { return sum == size; });
}

// Tries the largest sums: instructions older than VNNI add pairs of products in 16 bits, which
// overflow.
bool MatmulLibrary::try_int8() {
  constexpr std::int64_t size = 64;
  const std::vector<std::int8_t> largest(size * size, 127), smallest(size * size, -127);
  std::vector<std::int32_t> out(size * size);
  for (const auto& other : {largest, smallest}) {
    try {
      run_int8(size, size, size, largest.data(), other.data(), out.data());
    } catch (const Error&) {
      return false;
    }
    const std::int32_t sum = size * 127 * other.front();
    if (std::any_of(out.begin(), out.end(), [&](std::int32_t x) { return x != sum; })) return false;
  }
  return true;
}

}  // namespace switchyard
