#include "runtime/device/ops.h"

#include <algorithm>
#include <atomic>
#include <cstring>

#include "runtime/device/cuda.h"
#include "runtime/expect.h"
#include "runtime/hd.h"

namespace switchyard {
namespace {

constexpr std::int64_t piece = 1 << 16;

SWITCHYARD_MULTIVERSION
void add_range(const float* in, float* inout, std::int64_t count) {
  for (std::int64_t i = 0; i < count; ++i) inout[i] += in[i];
}

SWITCHYARD_MULTIVERSION
void add_range(const std::int64_t* in, std::int64_t* inout, std::int64_t count) {
  for (std::int64_t i = 0; i < count; ++i) inout[i] += in[i];
}

SWITCHYARD_MULTIVERSION
void scale_range(float factor, float* inout, std::int64_t count) {
  for (std::int64_t i = 0; i < count; ++i) inout[i] *= factor;
}

// sum = the rows of `in`, one after another.
SWITCHYARD_MULTIVERSION
void sum_chunk(const float* in, std::int64_t rows, std::int64_t n, float* sum) {
  for (std::int64_t i = 0; i < n; ++i) sum[i] = in[i];
  for (std::int64_t r = 1; r < rows; ++r) {
    for (std::int64_t i = 0; i < n; ++i) sum[i] += in[r * n + i];
  }
}

void for_pieces(std::int64_t count, Stream& stream,
                const std::function<void(std::int64_t, std::int64_t)>& body) {
  parallel_for(stream, (count + piece - 1) / piece,
               [&](std::int64_t i) { body(i * piece, std::min(count, (i + 1) * piece)); });
}

// Calls body(begin, count) with one share per thread: the C library writes large shares past the
// caches.
template <class Body>
void for_shares(std::int64_t bytes, Stream& stream, Body body) {
  const std::int64_t shares = stream.num_threads(), share = (bytes + shares - 1) / shares;
  parallel_for(stream, shares, [&](std::int64_t i) {
    const std::int64_t begin = std::min(bytes, i * share);
    body(begin, std::min(bytes - begin, share));
  });
}

template <class T>
void add_elements(const T* in, T* inout, std::int64_t count, Stream& stream) {
  for_pieces(count, stream, [&](std::int64_t begin, std::int64_t end) {
    add_range(in + begin, inout + begin, end - begin);
  });
}

class CpuRuntimeOps final : public RuntimeOps {
 public:
  void zero(Tensor out, Stream& stream) override {
    for_shares(out.bytes(), stream, [&](std::int64_t begin, std::int64_t count) {
      std::memset(static_cast<std::byte*>(out.data) + begin, 0, static_cast<std::size_t>(count));
    });
  }

  void copy(Tensor in, Tensor out, Stream& stream) override {
    require(in.bytes() == out.bytes(), "copying {} into {}", in.shape, out.shape);
    for_shares(in.bytes(), stream, [&](std::int64_t begin, std::int64_t count) {
      std::memcpy(static_cast<std::byte*>(out.data) + begin,
                  static_cast<const std::byte*>(in.data) + begin, static_cast<std::size_t>(count));
    });
  }

  void add(Tensor in, Tensor inout, Stream& stream) override {
    require(in.size() == inout.size(), "adding {} to {}", in.shape, inout.shape);
    if (in.dtype == DType::f32) {
      add_elements(in.as<float>(), inout.as<float>(), in.size(), stream);
    } else {
      add_elements(in.as<std::int64_t>(), inout.as<std::int64_t>(), in.size(), stream);
    }
  }

  void scale(float factor, Tensor inout, Stream& stream) override {
    for_pieces(inout.size(), stream, [&](std::int64_t begin, std::int64_t end) {
      scale_range(factor, inout.as<float>() + begin, end - begin);
    });
  }

  void add_fixed(Tensor in, const FixedPoint& format, Tensor sum, Tensor misfit,
                 Stream& stream) override {
    require(in.size() == sum.size(), "adding {} to {}", in.shape, sum.shape);
    std::atomic<bool> fits = true;
    for_pieces(in.size(), stream, [&](std::int64_t begin, std::int64_t end) {
      const auto count = static_cast<std::size_t>(end - begin);
      if (!switchyard::add_fixed({sum.as<std::int64_t>() + begin, count},
                                 {in.as<float>() + begin, count}, format)) {
        fits = false;
      }
    });
    // Other threads may find a misfit of another parameter.
    if (!fits) std::atomic_ref(*misfit.as<std::int32_t>()).store(1, std::memory_order_relaxed);
  }

  void add_to_rows(Tensor row, Tensor inout, Stream& stream) override {
    const std::int64_t n = row.size(), rows = inout.rows();
    expect_size("inout", inout, rows * n);
    parallel_for(stream, num_row_sums(rows), [&](std::int64_t chunk) {
      const std::int64_t end = std::min(rows, (chunk + 1) * rows_per_sum);
      for (std::int64_t r = chunk * rows_per_sum; r < end; ++r)
        add_range(row.as<float>(), inout.as<float>() + r * n, n);
    });
  }

  void sum_rows(Tensor in, Tensor sums, Tensor out, Stream& stream) override {
    const std::int64_t n = out.size(), rows = in.rows(), chunks = num_row_sums(rows);
    expect_size("in", in, rows * n);
    expect_size("sums", sums, chunks * n);
    parallel_for(stream, chunks, [&](std::int64_t chunk) {
      const std::int64_t begin = chunk * rows_per_sum;
      sum_chunk(in.as<float>() + begin * n, std::min(rows_per_sum, rows - begin), n,
                sums.as<float>() + chunk * n);
    });
    join_row_sums(sums, out, stream);
  }

  void join_row_sums(Tensor sums, Tensor out, Stream& stream) override {
    const std::int64_t n = out.size(), count = sums.size() / std::max<std::int64_t>(1, n);
    expect_size("sums", sums, count * n);
    if (count == 0) return zero(out, stream);
    float* row = sums.as<float>();
    for (std::int64_t stride = 1; stride < count; stride *= 2) {
      for (std::int64_t i = 0; i + stride < count; i += 2 * stride)
        add_range(row + (i + stride) * n, row + i * n, n);
    }
    std::copy_n(row, n, out.as<float>());
  }
};

}  // namespace

RuntimeOps& RuntimeOps::on(Device device) {
  static CpuRuntimeOps cpu;
  return device.kind == Device::Kind::cpu ? cpu : cuda::runtime_ops();
}

}  // namespace switchyard
