#include "train/islands/exchange.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <memory>
#include <thread>
#include <utility>

#include "train/islands/aggregate.h"
#include "train/islands/payload.h"

namespace switchyard {
namespace {

// MPI moves a message only while it is called.
constexpr std::chrono::microseconds between_looks{200};

// Payload blocks as rows.
Tensor rows_of(std::span<std::byte> bytes, std::int64_t block_bytes) {
  return {bytes.data(), {std::ssize(bytes) / block_bytes, block_bytes}, DType::u8, Device::cpu()};
}

}  // namespace

FragmentExchange::FragmentExchange(const IslandsConfig& config, const Fragment& fragment,
                                   std::vector<float> local, std::span<float> anchor,
                                   std::span<float> velocity, Comm& peers)
    : config_(config),
      fragment_(fragment),
      anchor_(anchor),
      velocity_(velocity),
      opinion_(static_cast<std::size_t>(payload_block)),
      peers_(peers) {
  for (const FragmentPiece& piece : fragment.pieces) {
    const std::int64_t end = piece.begin + piece.values.size();
    while (std::ssize(piece_of_) * payload_block < end) piece_of_.push_back(&piece);
  }
  const auto when = config.overlap_steps > 0 ? std::launch::async : std::launch::deferred;
  done_ = std::async(when,
                     [this, local = std::move(local)]() mutable { return run(std::move(local)); });
}

FragmentFigures FragmentExchange::run(std::vector<float> local) {
  const int count = peers_.size(), rank = peers_.rank();
  const std::int64_t block_bytes = payload_bytes(config_.payload, payload_block);
  const auto blocks_of = [&](int index) {
    return fragment_.part(index, count).size() / payload_block;
  };
  FragmentFigures figures{.distances = std::vector<WideSum>(static_cast<std::size_t>(count)),
                          .not_finite = std::vector<std::int64_t>(static_cast<std::size_t>(count))};
  std::vector<std::int64_t> to_each, mine(static_cast<std::size_t>(count), blocks_of(rank));
  for (int index = 0; index < count; ++index) to_each.push_back(blocks_of(index));
  std::vector<std::byte> sent(
      static_cast<std::size_t>(payload_bytes(config_.payload, fragment_.size)));
  encode(config_.payload, local, anchor_, sent);
  local = {};
  std::vector<std::byte> arrived(static_cast<std::size_t>(count * blocks_of(rank) * block_bytes));
  exchange(sent, to_each, arrived, mine);

  const std::vector<std::byte> combined = combine(arrived, figures);
  arrived.clear();
  for (int index = 0; index < count; ++index)
    arrived.insert(arrived.end(), combined.begin(), combined.end());
  exchange(arrived, mine, sent, to_each);
  take(sent);
  const std::int64_t of_others = fragment_.size / payload_block - blocks_of(rank);
  figures.bytes = block_bytes * (of_others + (count - 1) * blocks_of(rank));
  return figures;
}

// The anchor becomes what all islands were sent.
void FragmentExchange::take(std::span<const std::byte> agreed) {
  const auto block = static_cast<std::size_t>(payload_block);
  const auto block_bytes = static_cast<std::size_t>(payload_bytes(config_.payload, payload_block));
  std::vector<double> values(block);
  for (std::size_t first = 0; first < anchor_.size(); first += block) {
    const std::span<float> anchor = anchor_.subspan(first, block);
    decode(config_.payload, agreed.subspan(first / block * block_bytes, block_bytes), anchor,
           values);
    std::transform(values.begin(), values.end(), anchor.begin(),
                   [](double value) { return static_cast<float>(value); });
  }
}

void FragmentExchange::exchange(std::span<std::byte> in, std::span<const std::int64_t> send,
                                std::span<std::byte> out, std::span<const std::int64_t> receive) {
  const std::int64_t block_bytes = payload_bytes(config_.payload, payload_block);
  const auto pending = peers_.start_exchange_rows(rows_of(in, block_bytes), send,
                                                  rows_of(out, block_bytes), receive);
  std::int64_t from = 0, to = 0;  // the blocks for itself stay here
  for (int rank = 0; rank < peers_.rank(); ++rank) {
    from += send[static_cast<std::size_t>(rank)];
    to += receive[static_cast<std::size_t>(rank)];
  }
  std::copy_n(in.begin() + from * block_bytes,
              send[static_cast<std::size_t>(peers_.rank())] * block_bytes,
              out.begin() + to * block_bytes);
  while (!pending->arrived()) std::this_thread::sleep_for(between_looks);
}

// Encodes the new anchor of this rank's part.
std::vector<std::byte> FragmentExchange::combine(std::span<const std::byte> arrived,
                                                 FragmentFigures& figures) {
  const ElementRange part = fragment_.part(peers_.rank(), peers_.size());
  const auto block = static_cast<std::size_t>(payload_block);
  const auto count = static_cast<std::size_t>(peers_.size());
  const auto block_bytes = static_cast<std::size_t>(payload_bytes(config_.payload, payload_block));
  const std::size_t island_bytes = arrived.size() / count;
  const std::span<const float> base =
      anchor_.subspan(static_cast<std::size_t>(part.begin), static_cast<std::size_t>(part.size()));
  std::vector<float> combined(base.size());
  std::vector<double> of_islands(count * block);
  for (std::size_t first = 0; first < combined.size(); first += block) {
    for (std::size_t island = 0; island < count; ++island) {
      const std::size_t begin = island * island_bytes + first / block * block_bytes;
      decode(config_.payload, arrived.subspan(begin, block_bytes), base.subspan(first, block),
             std::span(of_islands).subspan(island * block, block));
    }
    const std::int64_t of_fragment = part.begin + static_cast<std::int64_t>(first);
    const FragmentPiece& piece = *piece_of_[static_cast<std::size_t>(of_fragment / payload_block)];
    const std::span<float> out = std::span(combined).subspan(first, block);
    combine_block(of_islands, static_cast<std::int64_t>(first), piece.id < 0, out);
    if (piece.counted) measure_block(of_islands, of_fragment, out, figures);
  }
  std::vector<std::byte> out(static_cast<std::size_t>(payload_bytes(config_.payload, part.size())));
  encode(config_.payload, combined, base, out);
  return out;
}

void FragmentExchange::combine_block(std::span<const double> of_islands, std::int64_t first,
                                     bool gate, std::span<float> combined) {
  const std::int64_t begin = fragment_.part(peers_.rank(), peers_.size()).begin + first;
  const OuterRates rates =
      gate ? OuterRates{} : OuterRates{config_.outer_rate, config_.outer_momentum};
  std::vector<double> of_element(static_cast<std::size_t>(peers_.size()));
  for (std::size_t i = 0; i < combined.size(); ++i) {
    for (std::size_t island = 0; island < of_element.size(); ++island)
      of_element[island] = of_islands[island * combined.size() + i];
    const float anchor = anchor_[static_cast<std::size_t>(begin) + i];
    const double agreed = aggregate(config_.aggregate, config_.trim, of_element);
    opinion_[i] = std::isnan(agreed) ? double{anchor} : agreed;
    combined[i] =
        outer_update(anchor, opinion_[i], rates, velocity_[static_cast<std::size_t>(first) + i]);
  }
}

void FragmentExchange::measure_block(std::span<const double> of_islands, std::int64_t first,
                                     std::span<const float> combined,
                                     FragmentFigures& figures) const {
  const auto add = [](double sum, WideSum& to) {
    if (std::isfinite(sum)) to.add(sum);
  };
  double moved = 0.0;
  for (std::size_t i = 0; i < combined.size(); ++i) {
    const double step = double{combined[i]} - anchor_[static_cast<std::size_t>(first) + i];
    moved += step * step;
  }
  add(moved, figures.moved);
  for (std::size_t island = 0; island < figures.distances.size(); ++island) {
    double squares = 0.0;
    for (std::size_t i = 0; i < combined.size(); ++i) {
      const double distance = of_islands[island * combined.size() + i] - opinion_[i];
      if (std::isfinite(distance)) {
        squares += distance * distance;
      } else {
        ++figures.not_finite[island];
      }
    }
    add(squares, figures.distances[island]);
  }
}

}  // namespace switchyard
