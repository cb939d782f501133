// The values that parameters begin with (runtime/params/params.h).
#include <algorithm>
#include <span>
#include <vector>

#include "runtime/device/host_access.h"
#include "runtime/factors.h"
#include "runtime/params/params.h"
#include "runtime/random.h"
#include "runtime/random_normals.h"

namespace switchyard {
namespace {

// Its elements [begin, begin + out.size()).
void draw(const ParamSpec& spec, std::uint64_t seed, std::int64_t begin, std::span<float> out) {
  const auto first = static_cast<std::uint64_t>(begin);
  if (!(spec.init_std > 0)) {
    std::fill(out.begin(), out.end(), spec.init_value);
  } else if (spec.init == ParamInit::uniform) {
    const Random random(seed, Purpose::init, spec.key());
    for (std::size_t i = 0; i < out.size(); ++i)
      out[i] = static_cast<float>((2.0 * random.uniform(first + i) - 1.0) * spec.init_std);
  } else {
    fill_normals(seed, Purpose::init, spec.key(), first, spec.init_std, out);
  }
}

}  // namespace

void Params::initialize(std::uint64_t seed, const Choice& only, int num_threads) {
  Stream stream = Stream::cpu(num_threads);
  for (ParamId id = 0; id < num_params(); ++id) {
    const ParamSpec& spec = this->spec(id);
    if (only && !only(spec.name)) continue;
    if (spec.init == ParamInit::factor || spec.init == ParamInit::product) {
      if (spec.name.ends_with(v_suffix)) draw_factors(id, seed);
      continue;
    }
    std::vector<float> values(static_cast<std::size_t>(spec.shape.size()));
    constexpr std::int64_t piece = 1 << 16;
    parallel_for(stream, (spec.shape.size() + piece - 1) / piece, [&](std::int64_t i) {
      const std::int64_t begin = i * piece, end = std::min(begin + piece, spec.shape.size());
      draw(spec, seed, begin,
           std::span(values).subspan(static_cast<std::size_t>(begin),
                                     static_cast<std::size_t>(end - begin)));
    });
    set_values(id, tensor_of(values.data(), spec.shape), stream);
  }
  if (!only) make_guides();
  has_values_ = true;
}

// Linear declares a guide, V and U one after the other.
void Params::draw_factors(ParamId v, std::uint64_t seed) {
  const ParamSpec& spec = this->spec(v);
  const std::int64_t rank = spec.shape[0], in = spec.shape[1], out = this->spec(v + 1).shape[0];
  ParamSpec whole;
  whole.name = spec.name.substr(0, spec.name.size() - v_suffix.size());
  std::vector<float> matrix(static_cast<std::size_t>(out * in));
  fill_normals(seed, Purpose::init, whole.key(), 0, spec.init_std, matrix);
  const Factors factors = factors_of(matrix, out, in, rank);
  write_now(factors.v.data(), value(v));
  write_now(factors.u.data(), value(v + 1));
}

void Params::make_guides() {
  for (ParamId id = 0; id < num_params(); ++id) {
    if (spec(id).init != ParamInit::product) continue;
    const auto read = [&](ParamId of) {
      std::vector<float> values(static_cast<std::size_t>(value(of).size()));
      read_now(value(of), values.data());
      return values;
    };
    const Shape& shape = spec(id).shape;
    write_now(product_of({.u = read(id + 2), .v = read(id + 1)}, shape[0], shape[1]).data(),
              value(id));
  }
}

}  // namespace switchyard
