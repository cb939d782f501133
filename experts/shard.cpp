#include "experts/shard.h"

#include <algorithm>

#include "runtime/device/trace.h"

namespace switchyard {
namespace {

// A GPU computes all experts in few launches; a CPU takes one after another, whose rows stay in the
// caches.
bool run_grouped(std::span<const ExpertPiece> pieces, const Stream& stream) {
  return stream.device().kind == Device::Kind::cuda && !pieces.empty();
}

RowRange rows_of(std::span<const ExpertPiece> pieces) {
  return {pieces.front().begin, pieces.back().end};
}

std::vector<ExpertPiece> pieces_of(std::span<const Segment> segments, bool merge) {
  std::vector<ExpertPiece> pieces;
  for (const Segment& segment : segments) {
    if (segment.rows == 0) continue;
    const auto slot = static_cast<std::size_t>(segment.slot);
    if (merge && !pieces.empty() && pieces.back().slot == slot) {
      pieces.back().end = segment.end();
      pieces.back().segments = {pieces.back().segments.data(), &segment + 1};
    } else {
      pieces.push_back({slot, segment.begin, segment.end(), {&segment, 1}});
    }
  }
  return pieces;
}

// The rows of a piece, which count from its first one.
RowContext context_of(const ExpertPiece& piece, const LayerMasks& masks) {
  RowContext context{masks, {}, {}};
  for (const Segment& segment : piece.segments) {
    std::int64_t begin = segment.begin - piece.begin;
    if (masks.on_activations())
      context.activations.push_back({begin, begin + segment.rows, segment.micro_batch});
    if (!masks.by_sequence()) continue;
    std::int64_t number = segment.micro_batch * masks.dropout->num_sequences();
    for (const std::int64_t rows : segment.sequences) {
      context.weights.push_back({begin, begin + rows, number++});
      begin += rows;
    }
  }
  if (masks.on_weights() && !masks.by_sequence())
    context.weights.push_back({0, piece.end - piece.begin, 0});
  return context;
}

// The products of an expert with at least this many rows are split over the threads.
constexpr std::int64_t many_rows = 256;

// Returns the pieces of each expert, which are adjacent.
std::vector<std::span<const ExpertPiece>> by_expert(std::span<const ExpertPiece> pieces) {
  std::vector<std::span<const ExpertPiece>> experts;
  for (std::size_t begin = 0, end = 0; begin < pieces.size(); begin = end) {
    while (end < pieces.size() && pieces[end].slot == pieces[begin].slot) ++end;
    experts.push_back(pieces.subspan(begin, end - begin));
  }
  return experts;
}

// Calls body for each piece. Experts with many rows run one after another, each on all threads of
// the stream. Those with few rows run in parallel, one thread each, if every thread gets one.
template <class Body>
void for_pieces(std::span<const ExpertPiece> pieces, Stream& stream, Body body) {
  if (stream.num_threads() == 1) {
    std::for_each(pieces.begin(), pieces.end(), body);
    return;
  }
  const auto run = [&](std::span<const ExpertPiece> expert) {
    std::for_each(expert.begin(), expert.end(), body);
  };
  std::vector<std::span<const ExpertPiece>> experts = by_expert(pieces);
  const auto small = std::partition(experts.begin(), experts.end(), [](const auto& expert) {
    return rows_of(expert).end - rows_of(expert).begin >= many_rows;
  });
  const auto parallel = experts.end() - small < stream.num_threads() ? experts.end() : small;
  std::for_each(experts.begin(), parallel, run);
  parallel_for(stream, experts.end() - parallel, [&](std::int64_t i) { run(parallel[i]); });
}

}  // namespace

ExpertShard::ExpertShard(Params& params, const std::string& layer, const Placement& placement,
                         int rank, const Ffn::Shape& shape)
    : layer_(layer), rank_(rank) {
  for (const int expert : placement.hosted(rank))
    experts_.emplace_back(params, layer, expert, shape);
  host(params, placement);
}

void ExpertShard::host(Params& params, const Placement& placement) const {
  const std::span<const int> hosted = placement.hosted(rank_);
  for (std::size_t slot = 0; slot < hosted.size(); ++slot) {
    const int replica = placement.first_replica(rank_) + static_cast<int>(slot);
    experts_[slot].host_expert(params, layer_, hosted[slot], !placement.is_owner(replica));
  }
}

void ExpertShard::host(Params& params, int slot, const std::string& layer, int expert) const {
  experts_[static_cast<std::size_t>(slot)].host_expert(params, layer, expert, /*extra_copy=*/true);
}

FfnGroup ExpertShard::group_of(std::span<const ExpertPiece> pieces) const {
  std::vector<FfnGroup::Member> members;
  const std::int64_t first = rows_of(pieces).begin;
  for (const auto& [slot, begin, end, segments] : pieces)
    members.push_back({&experts_[slot], {begin - first, end - first}});
  return FfnGroup(std::move(members));
}

void ExpertShard::forward(const Params& params, std::span<const Segment> segments, Tensor rows,
                          const Ffn::Saved& saved, Tensor out, Stream& stream,
                          const LayerMasks& masks) const {
  const Span span(stream, "experts");
  const std::vector<ExpertPiece> pieces = pieces_of(segments, !params.exact());
  if (run_grouped(pieces, stream)) {
    const auto [begin, end] = rows_of(pieces);
    group_of(pieces).forward(params, rows.row_range(begin, end), saved.row_range(begin, end),
                             out.row_range(begin, end), stream);
    return;
  }
  for_pieces(pieces, stream, [&](const ExpertPiece& piece) {
    const auto& [slot, begin, end, of_piece] = piece;
    experts_[slot].forward(params, rows.row_range(begin, end), saved.row_range(begin, end),
                           out.row_range(begin, end), stream, context_of(piece, masks));
  });
}

void ExpertShard::backward(Params& params, std::span<const Segment> segments, Tensor rows,
                           const Ffn::Saved& saved, Tensor d_out, Tensor d_rows, Stream& stream,
                           const LayerMasks& masks) const {
  const Span span(stream, "experts");
  const std::vector<ExpertPiece> pieces = pieces_of(segments, !params.exact());
  if (run_grouped(pieces, stream)) {
    const auto [begin, end] = rows_of(pieces);
    group_of(pieces).backward(params, rows.row_range(begin, end), saved.row_range(begin, end),
                              d_out.row_range(begin, end), d_rows.row_range(begin, end), stream);
    return;
  }
  for_pieces(pieces, stream, [&](const ExpertPiece& piece) {
    const auto& [slot, begin, end, of_piece] = piece;
    experts_[slot].backward(params, rows.row_range(begin, end), saved.row_range(begin, end),
                            d_out.row_range(begin, end), d_rows.row_range(begin, end), stream,
                            context_of(piece, masks));
  });
}

}  // namespace switchyard
