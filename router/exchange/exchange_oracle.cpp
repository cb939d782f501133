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

}  // namespace

ExchangeOracle::ExchangeOracle(std::vector<DrawnRouting> routing, const Placement& placement,
                               Payload payload, std::int64_t hidden, int rank)
    : routing_(std::move(routing)),
      placement_(placement),
      payload_(payload),
      hidden_(hidden),
      rank_(rank) {}

// Multiplicative hashing: every element of every token of every rank differs, with full mantissas.
std::vector<float> ExchangeOracle::token_row(int rank, std::int64_t token) const {
  std::vector<float> row;
  const auto seed = static_cast<std::uint64_t>(rank) * 1000003U + static_cast<std::uint64_t>(token);
  for (std::int64_t h = 0; h < hidden_; ++h) {
    std::uint64_t bits = (seed * 65537U + static_cast<std::uint64_t>(h)) * 0x9e3779b97f4a7c15U;
    bits = (bits ^ (bits >> 29)) * 0xbf58476d1ce4e5b9U;
    row.push_back(static_cast<float>(static_cast<double>(bits >> 40) / (1 << 23) - 1.0));
  }
  return row;
}

void ExchangeOracle::fill(Tensor x) const {
  for (std::int64_t t = 0; t < x.rows(); ++t) {
    const std::vector<float> row = token_row(rank_, t);
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

std::vector<float> ExchangeOracle::arrived(std::vector<float> row, float weight) const {
  Stream stream = Stream::cpu(1);
  std::vector<std::byte> packed(static_cast<std::size_t>(payload_row_bytes(payload_, hidden_)));
  const Tensor plain = tensor_of(row.data(), {1, hidden_});
  const Tensor wire{packed.data(), {1, std::ssize(packed)}, DType::u8, Device::cpu()};
  pack_rows(payload_, plain, Tensor{}, wire, stream);
  unpack_rows(payload_, wire, Tensor{}, tensor_of(&weight, {1}), plain, Tensor{}, stream);
  return row;
}

// body(token, weight) for the choices of an expert, in (token, choice) order.
template <class Body>
void ExchangeOracle::for_choices_of(int rank, int expert, Body body) const {
  const DrawnRouting& drawn = routing_[static_cast<std::size_t>(rank)];
  const std::int64_t k = drawn.routing.expert.shape[1];
  for (std::size_t pair = 0; pair < drawn.expert.size(); ++pair) {
    if (drawn.expert[pair] == expert) body(static_cast<std::int64_t>(pair) / k, drawn.weight[pair]);
  }
}

std::int64_t ExchangeOracle::wrong_rows(Tensor rows, bool weighted, std::int64_t tile) const {
  const std::vector<float> zero(static_cast<std::size_t>(hidden_), 0.0F);
  const int first = placement_.first_replica(rank_);
  std::int64_t wrong = 0, row = 0;
  for (int copy = first; copy < first + placement_.num_hosted(rank_); ++copy) {
    const int expert = placement_.hosted(rank_)[static_cast<std::size_t>(copy - first)];
    for (int source = 0; source < placement_.num_ranks(); ++source) {
      if (placement_.replica_for(expert, source) != copy) continue;
      for_choices_of(source, expert, [&](std::int64_t token, float weight) {
        wrong +=
            !same_bits(arrived(token_row(source, token), weighted ? weight : 1.0F), rows, row++);
      });
      for (; row % tile != 0; ++row) wrong += !same_bits(zero, rows, row);
    }
  }
  return wrong + std::abs(rows.rows() - row);
}

std::int64_t ExchangeOracle::wrong_slots(Tensor slots, bool weighted) const {
  std::int64_t wrong = 0, slot = 0;
  std::vector<int> order(static_cast<std::size_t>(placement_.num_experts()));
  std::iota(order.begin(), order.end(), 0);
  std::sort(order.begin(), order.end(), [&](int a, int b) {
    return placement_.replica_for(a, rank_) < placement_.replica_for(b, rank_);
  });
  for (const int expert : order) {
    for_choices_of(rank_, expert, [&](std::int64_t token, float weight) {
      std::vector<float> row = arrived(token_row(rank_, token), weighted ? weight : 1.0F);
      for (float& value : row) value *= static_cast<float>(1 + expert);
      wrong += !same_bits(arrived(std::move(row), 1.0F), slots, slot++);
    });
  }
  return wrong + std::abs(slots.rows() - slot);
}

}  // namespace switchyard
