// ExpertShard: the experts of one layer that this rank hosts. Rows in, rows out.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "experts/ffn.h"
#include "experts/placement.h"

namespace switchyard {

// The rows of one (expert, micro-batch): never split and, in exact mode, never merged, so that
// their results depend on nothing else. The rows are in (token, choice) order; on a GPU zero rows
// pad them to a multiple of row_tile.
struct Segment {
  int slot = 0;              // of the expert on this rank
  std::int64_t begin = 0;    // first row
  std::int64_t rows = 0;     // without the zero rows
  std::int64_t padding = 0;  // zero rows
  // If asked for (router/plan/plan.h): the index of the micro-batch in its step, and the rows of
  // each of its sequences.
  std::int64_t micro_batch = -1;
  std::vector<std::int64_t> sequences{};
  std::int64_t end() const { return begin + rows + padding; }
};

// Rows that an expert computes at once: a segment in exact mode, otherwise all of its rows.
struct ExpertPiece {
  std::size_t slot;
  std::int64_t begin, end;
  std::span<const Segment> segments;
};

class ExpertShard {
 public:
  // Declares the experts of `layer` that `rank` of the expert group hosts:
  // "<layer>.expert<e>.gate|up|down".
  ExpertShard(Params& params, const std::string& layer, const Placement& placement, int rank,
              const Ffn::Shape& shape);
  // From now on the slots hold the experts that `placement` names. The caller brings their weights.
  void host(Params& params, const Placement& placement) const;
  // The same of one slot, whose expert may be of another layer.
  void host(Params& params, int slot, const std::string& layer, int expert) const;
  const std::string& layer() const { return layer_; }
  // The parameters of the expert in a slot of this rank: see Ffn::params.
  std::vector<ParamId> params_of(int slot) const {
    return experts_[static_cast<std::size_t>(slot)].params();
  }

  // Segments are sorted by slot and follow one another without gaps from row 0. rows, out:
  // [segments.back().end(), hidden]. masks: the same for both passes, on a CPU.
  void forward(const Params& params, std::span<const Segment> segments, Tensor rows,
               const Ffn::Saved& saved, Tensor out, Stream& stream,
               const LayerMasks& masks = {}) const;
  // Overwrites d_rows and saved; adds to the gradients one addend per segment (per expert when not
  // exact).
  void backward(Params& params, std::span<const Segment> segments, Tensor rows,
                const Ffn::Saved& saved, Tensor d_out, Tensor d_rows, Stream& stream,
                const LayerMasks& masks = {}) const;

 private:
  FfnGroup group_of(std::span<const ExpertPiece> pieces) const;  // rows count from the first piece

  std::string layer_;
  int rank_;
  std::vector<Ffn> experts_;  // by slot
};

}  // namespace switchyard
