#include "runtime/random_normals.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>

#include "runtime/hd.h"
#include "runtime/random_words.h"

namespace switchyard {
namespace {

constexpr std::size_t batch = 256;

// Exact, of bits that SSE2 converts, which knows integers of 32 bits with a sign.
double as_double(std::uint32_t bits) {
  return static_cast<double>(static_cast<std::int32_t>(bits));
}

// What follows is Random::uniform(), normal_quantile() and natural_log() with the same operations
// in the same order. p: the shares; z: their quantiles where they lie in the middle.
SWITCHYARD_MULTIVERSION void middle_of(const std::uint32_t* words, double* p, double* z) {
  for (std::size_t i = 0; i < batch; ++i) {
    const std::uint32_t high = words[4 * i], low = words[4 * i + 1] >> 11;
    const double uniform =
        (as_double(high >> 16) * 0x1p37 + as_double(high & 0xffff) * 0x1p21 + as_double(low)) *
        0x1p-53;
    p[i] = uniform > 0x1p-54 ? uniform : 0x1p-54;
    const double q = p[i] - 0.5, r = 0.180625 - q * q;
    z[i] = q * (((59.109374720 * r + 159.29113202) * r + 50.434271938) * r + 3.3871327179) /
           (((67.187563600 * r + 78.757757664) * r + 17.895169469) * r + 1.0);
  }
}

SWITCHYARD_MULTIVERSION void tails_of(const double* p, std::size_t count, double* z) {
  for (std::size_t i = 0; i < count; ++i) {
    const auto bits = std::bit_cast<std::uint64_t>(p[i] < 0.5 ? p[i] : 1.0 - p[i]);
    const double exponent = as_double(static_cast<std::uint32_t>(bits >> 52) - 1022);
    const auto m = std::bit_cast<double>((bits & 0xfffffffffffff) | 0x3fe0000000000000);
    const double t = (m - 0.75) / (m + 0.75), t2 = t * t;
    double series = 0.0;
    for (int k = 23; k >= 1; k -= 2) series = series * t2 + 1.0 / k;
    const double log =
        2.0 * t * series - 0.28768207245178092744 + exponent * 0.69314718055994530942;
    const double r = __builtin_sqrt(-log), near = r - 1.6, far = r - 5.0;
    const double z_near =
        (((0.17023821103 * near + 1.3067284816) * near + 2.7568153900) * near + 1.4234372777) /
        ((0.12021132975 * near + 0.73700164250) * near + 1.0);
    const double z_far =
        (((0.017337203997 * far + 0.42868294337) * far + 3.0812263860) * far + 6.6579051150) /
        ((0.012258202635 * far + 0.24197894225) * far + 1.0);
    const double away = r <= 5.0 ? z_near : z_far;
    z[i] = p[i] < 0.5 ? -away : away;
  }
}

void normals_of(const std::uint32_t* words, double scale, float* out) {
  std::array<double, batch> p, z, tail_p, tail_z;
  std::array<std::uint32_t, batch> tails;
  middle_of(words, p.data(), z.data());
  std::size_t num_tails = 0;
  for (std::uint32_t i = 0; i < batch; ++i) {
    tails[num_tails] = i;
    tail_p[num_tails] = p[i];
    num_tails += static_cast<std::size_t>(!(std::abs(p[i] - 0.5) <= 0.425));
  }
  tails_of(tail_p.data(), num_tails, tail_z.data());
  for (std::size_t i = 0; i < num_tails; ++i) z[tails[i]] = tail_z[i];
  for (std::size_t i = 0; i < batch; ++i) out[i] = static_cast<float>(z[i] * scale);
}

}  // namespace

void fill_normals(std::uint64_t seed, Purpose purpose, std::uint64_t step, std::uint64_t first,
                  double scale, std::span<float> out) {
  const RandomWords words(seed, purpose, step);
  std::array<std::uint32_t, 4 * batch> drawn;
  std::array<float, batch> normals;
  for (; !out.empty(); first += batch) {
    const std::size_t count = std::min(out.size(), batch);
    words.fill(first, drawn);
    normals_of(drawn.data(), scale, normals.data());
    std::copy_n(normals.begin(), count, out.begin());
    out = out.subspan(count);
  }
}

}  // namespace switchyard
