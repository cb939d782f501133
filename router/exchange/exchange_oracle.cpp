#include "router/exchange/exchange_oracle.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <numeric>

namespace switchyard {
namespace {

bool same_bits(const std::vector<float>& expected, Tensor tensor, std::int64_t row) {
  return row < tensor.rows() &&
         std::memcmp(expected.data(), tensor.as<float>() + row * tensor.cols(),
                     expected.size() * sizeof(float)) == 0;
}

// To the nearest number of 8 significant bits, ties to even.
float rounded_to_bf16(float value) {
  int exponent = 0;
  const double fraction = std::frexp(static_cast<double>(value), &exponent);
  return static_cast<float>(std::ldexp(std::nearbyint(std::ldexp(fraction, 8)), exponent - 8));
}

// To the nearest multiple of a 127th of the row's largest magnitude, ties to even.
void round_to_int8(std::vector<float>& row) {
  float largest = 0.0F;
  for (const float value : row) largest = std::max(largest, std::fabs(value));
  const float scale = largest / 127.0F;
  const float inverse = scale > 0.0F ? 1.0F / scale : 0.0F;
  for (float& value : row)
    value = static_cast<float>(std::lrint(value * inverse)) * scale;  // no negative zero
}

}  // namespace

ExchangeOracle::ExchangeOracle(const std::function<DrawnRouting(int rank)>& draw,
                               Placement placement, Payload payload, std::int64_t hidden, int rank)
    : mine_(draw(rank)),
      placement_(std::move(placement)),
      payload_(payload),
      hidden_(hidden),
      rank_(rank) {
  const int sources = placement_.num_ranks(), first = placement_.first_replica(rank);
  arriving_.resize(static_cast<std::size_t>(placement_.num_hosted(rank) * sources));
  const auto take = [&](const DrawnRouting& drawn, int source) {
    const std::int64_t k = drawn.routing.expert.shape[1];
    for (std::size_t pair = 0; pair < drawn.expert.size(); ++pair) {
      if (drawn.expert[pair] < 0) continue;
      const int copy = placement_.replica_for(drawn.expert[pair], source);
      if (placement_.rank_of(copy) != rank_) continue;
      arriving_[static_cast<std::size_t>((copy - first) * sources + source)].push_back(
          {static_cast<std::int64_t>(pair) / k, drawn.weight[pair]});
    }
  };
  for (int source = 0; source < sources; ++source) {
    if (source == rank_) {
      take(mine_, source);
    } else {
      take(draw(source), source);
    }
  }
}

// Multiplicative hashing: every element of every token of every rank differs, with full mantissas.
void ExchangeOracle::token_row(int rank, std::int64_t token, Row& row) const {
  row.resize(static_cast<std::size_t>(hidden_));
  const auto seed = static_cast<std::uint64_t>(rank) * 1000003U + static_cast<std::uint64_t>(token);
  for (std::int64_t h = 0; h < hidden_; ++h) {
    std::uint64_t bits = (seed * 65537U + static_cast<std::uint64_t>(h)) * 0x9e3779b97f4a7c15U;
    bits = (bits ^ (bits >> 29)) * 0xbf58476d1ce4e5b9U;
    row[static_cast<std::size_t>(h)] =
        static_cast<float>(static_cast<double>(bits >> 40) / (1 << 23) - 1.0);
  }
}

void ExchangeOracle::fill(Tensor x) const {
  Row row;
  for (std::int64_t t = 0; t < x.rows(); ++t) {
    token_row(rank_, t, row);
    std::copy(row.begin(), row.end(), x.as<float>() + t * hidden_);
  }
}

void ExchangeOracle::work(const Chunk& chunk, Tensor rows, Tensor results) const {
  for (const Segment& segment : chunk.segments) {
    const int expert = placement_.hosted(rank_)[static_cast<std::size_t>(segment.slot)];
    const auto factor = static_cast<float>(1 + expert);
    for (std::int64_t i = segment.begin * hidden_; i < segment.end() * hidden_; ++i)
      results.as<float>()[i] = rows.as<float>()[i] * factor;
  }
}

void ExchangeOracle::arrive(Row& row, float weight) const {
  if (payload_ == Payload::int8) round_to_int8(row);
  for (float& value : row)
    value = (payload_ == Payload::bf16 ? rounded_to_bf16(value) : value) * weight;
}

template <class Body>
std::int64_t ExchangeOracle::for_rows(bool weighted, bool worked, std::int64_t tile,
                                      Body body) const {
  const Row zero(static_cast<std::size_t>(hidden_), 0.0F);
  const auto sources = static_cast<std::size_t>(placement_.num_ranks());
  Row row;
  std::int64_t count = 0;
  for (std::size_t bucket = 0; bucket < arriving_.size(); ++bucket) {
    const int expert = placement_.hosted(rank_)[bucket / sources];
    for (const Choice& choice : arriving_[bucket]) {
      token_row(static_cast<int>(bucket % sources), choice.token, row);
      arrive(row, weighted ? choice.weight : 1.0F);
      if (worked) {
        for (float& value : row) value *= static_cast<float>(1 + expert);
      }
      body(row, count++);
    }
    for (; count % tile != 0; ++count) body(zero, count);
  }
  return count;
}

void ExchangeOracle::fill_results(Tensor results, std::int64_t tile) const {
  for_rows(false, true, tile, [&](const Row& row, std::int64_t at) {
    std::copy(row.begin(), row.end(), results.as<float>() + at * hidden_);
  });
}

std::int64_t ExchangeOracle::wrong_rows(Tensor rows, bool weighted, std::int64_t tile) const {
  std::int64_t wrong = 0;
  const std::int64_t count = for_rows(weighted, false, tile, [&](const Row& row, std::int64_t at) {
    wrong += !same_bits(row, rows, at) ? 1 : 0;
  });
  return wrong + std::abs(rows.rows() - count);
}

std::int64_t ExchangeOracle::wrong_slots(Tensor slots, bool weighted) const {
  const std::int64_t k = mine_.routing.expert.shape[1];
  std::vector<std::size_t> order;  // of the choices: by copy, then token, then choice
  for (std::size_t pair = 0; pair < mine_.expert.size(); ++pair) {
    if (mine_.expert[pair] >= 0) order.push_back(pair);
  }
  std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
    return placement_.replica_for(mine_.expert[a], rank_) <
           placement_.replica_for(mine_.expert[b], rank_);
  });
  std::int64_t wrong = 0, slot = 0;
  Row row;
  for (const std::size_t pair : order) {
    token_row(rank_, static_cast<std::int64_t>(pair) / k, row);
    arrive(row, weighted ? mine_.weight[pair] : 1.0F);
    for (float& value : row) value *= static_cast<float>(1 + mine_.expert[pair]);
    arrive(row, 1.0F);
    wrong += !same_bits(row, slots, slot++) ? 1 : 0;
  }
  return wrong + std::abs(slots.rows() - slot);
}

}  // namespace switchyard
