#include "train/compress/linear_statistics.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <string>
#include <utility>

#include "runtime/comm/comm.h"
#include "runtime/device/host_access.h"
#include "runtime/device/stream.h"
#include "runtime/error.h"
#include "runtime/hd.h"

namespace switchyard {
namespace {

constexpr int first_headroom = 12, more_headroom = 16;
constexpr std::int64_t panel_rows = 256;

// The name of the first weight that has the same input.
std::string first_of_input(std::string name) {
  const auto replaced = [&](const std::string& last, const std::string& first) {
    if (!name.ends_with(last)) return false;
    name.replace(name.size() - last.size(), last.size(), first);
    return true;
  };
  replaced(".up", ".gate") || replaced(".attention.k", ".attention.q") ||
      replaced(".attention.v", ".attention.q");
  return name;
}

SWITCHYARD_MULTIVERSION
void add_squares_of(const float* row, std::int64_t count, double* sums) {
  for (std::int64_t i = 0; i < count; ++i)
    sums[i] += static_cast<double>(row[i]) * static_cast<double>(row[i]);
}

// Columns [begin, begin + cols) of x as a matrix, in `memory` unless they are all.
Tensor columns_of(Tensor x, std::int64_t begin, std::int64_t cols, Buffer& memory, Stream& stream) {
  if (cols == x.cols()) return x;
  const std::int64_t size = x.rows() * cols;
  if (memory.tensor().size() < size) memory = Buffer(Shape{size}, DType::f32);
  const Tensor out = memory.tensor().range(0, size).view({x.rows(), cols});
  constexpr std::int64_t piece = 64;
  parallel_for(stream, (x.rows() + piece - 1) / piece, [&](std::int64_t i) {
    for (std::int64_t row = i * piece; row < std::min(x.rows(), (i + 1) * piece); ++row)
      std::copy_n(x.as<float>() + row * x.cols() + begin, cols, out.as<float>() + row * cols);
  });
  return out;
}

FixedPoint format_for(std::int64_t total_rows, std::int64_t num_addends, int headroom_bits) {
  const auto row_bits = static_cast<int>(std::bit_width(static_cast<std::uint64_t>(total_rows)));
  FixedPoint format;
  format.bits = 62 - row_bits - headroom_bits;
  format.limit = std::ldexp(1.0, 62 - format.bits) / static_cast<double>(num_addends);
  return format;
}

}  // namespace

LinearStatistics::LinearStatistics(const Params& params, std::vector<ParamId> weights,
                                   InputMoments moments, std::int64_t total_rows,
                                   std::int64_t num_addends)
    : params_(params),
      moments_(moments),
      total_rows_(total_rows),
      num_addends_(num_addends),
      headroom_bits_(first_headroom) {
  for (const ParamId weight : weights) {
    const ParamId first = params.find(first_of_input(params.spec(weight).name));
    sums_of_[weight] = first < 0 ? weight : first;
    sums_[sums_of_[weight]];
  }
  begin();
}

void LinearStatistics::begin() {
  format_ = format_for(total_rows_, num_addends_, headroom_bits_);
  std::int64_t largest = 0;
  for (auto& [weight, sums] : sums_) {
    const std::int64_t in = params_.spec(weight).shape[1];
    sums = {0, std::vector<std::int64_t>(static_cast<std::size_t>(in)), {}, false};
    if (moments_ == InputMoments::squares) continue;
    const std::int64_t rows = params_.device() == Device::cpu() ? std::min(panel_rows, in) : in;
    for (std::int64_t begin = 0; begin < in; begin += rows) {
      const Shape shape{std::min(rows, in - begin), in - begin};
      sums.panels.push_back({begin, Buffer(shape, DType::i64, params_.device())});
    }
    largest = std::max(largest, rows * in);
  }
  if (moments_ == InputMoments::squares) return;
  adder_ = GradientAdder(/*exact=*/true, format_, largest, params_.device());
}

void LinearStatistics::multiplies(int weight, Tensor x, Stream& stream) {
  const auto found = sums_.find(weight);  // not that of the first weight with the same input: once
  if (found == sums_.end()) return;
  Sums& sums = found->second;
  sums.rows += x.rows();
  if (moments_ == InputMoments::products) {
    add_products(sums, x, stream);
  } else {
    add_squares(sums, x, stream);
  }
}

void LinearStatistics::add_squares(Sums& sums, Tensor x, Stream& stream) const {
  const HostRead rows(x, stream);
  std::vector<double> of_batch(sums.squares.size());
  for (std::int64_t row = 0; row < x.rows(); ++row)
    add_squares_of(rows.as<float>() + row * x.cols(), x.cols(), of_batch.data());
  for (std::size_t i = 0; i < of_batch.size(); ++i) {
    if (of_batch[i] < format_.limit) {
      sums.squares[i] += format_.fixed(of_batch[i]);
    } else {
      sums.misfit = true;
    }
  }
}

void LinearStatistics::add_products(Sums& sums, Tensor x, Stream& stream) {
  for (const Panel& panel : sums.panels) {
    const Tensor products = panel.products;
    const Tensor left = columns_of(x, panel.begin, products.rows(), left_, stream),
                 right = columns_of(x, panel.begin, products.cols(), right_, stream);
    adder_.add_product(left, right, products, stream, Precision::f32);
  }
}

bool LinearStatistics::finish(Mesh& mesh, Stream& stream) {
  std::int64_t misfit = moments_ == InputMoments::products && adder_.overflow(stream) ? 1 : 0;
  for (auto& [weight, sums] : sums_) {
    Comm& holders = params_.spec(weight).expert ? *mesh.replicas : *mesh.world;
    const auto sum = [&](Tensor words) { holders.all_reduce(words, Reduce::sum, stream); };
    sum(tensor_of(&sums.rows, {1}));
    sum(tensor_of(sums.squares.data(), {std::ssize(sums.squares)}));
    for (const Panel& panel : sums.panels) sum(panel.products);
    if (sums.misfit) misfit = 1;
  }
  if (reduce_one(*mesh.world, misfit, Reduce::max) == 0) return true;
  headroom_bits_ += more_headroom;
  if (headroom_bits_ > first_headroom + 2 * more_headroom) {
    throw Error(Exit::numerical,
                "the inputs of a layer are not finite, or too large to be summed: the training of "
                "the model has diverged; take an earlier checkpoint")
        .as_agreed();
  }
  begin();
  return false;
}

InputStatistics LinearStatistics::of(ParamId weight) const {
  const Sums& sums = sums_.at(sums_of_.at(weight));
  InputStatistics statistics{sums.rows, {}, {}};
  const std::size_t in = sums.squares.size();
  for (const std::int64_t sum : sums.squares) statistics.squares.push_back(format_.value(sum));
  if (moments_ == InputMoments::squares) return statistics;
  statistics.products.resize(in * in);
  for (const Panel& panel : sums.panels) {
    const auto begin = static_cast<std::size_t>(panel.begin), cols = in - begin;
    std::vector<std::int64_t> products(static_cast<std::size_t>(panel.products.tensor().size()));
    read_now(panel.products, products.data());
    for (std::size_t k = 0; k < products.size(); ++k) {
      const std::size_t i = begin + k / cols, j = begin + k % cols;
      if (j < i) continue;
      statistics.products[i * in + j] = format_.value(products[k]);
      statistics.products[j * in + i] = statistics.products[i * in + j];
    }
  }
  for (std::size_t i = 0; i < in; ++i) statistics.squares[i] = statistics.products[i * in + i];
  return statistics;
}

}  // namespace switchyard
