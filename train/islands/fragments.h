// Fragments: the parts of a model that islands exchange at a time, each every `sync_every` steps,
// in turns (streaming DiLoCo, arXiv:2501.18512: strided layers).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "model/transformer/transformer.h"
#include "train/config.h"

namespace switchyard {

// Elements that an exchange keeps together: those of a scale of int8. Pieces begin at multiples of
// it, and blocks of parameters are multiples of it, so that it never depends on the layout.
inline constexpr std::int64_t payload_block = 256;

// Layer N is in fragment N modulo `fragments`, with its gate; what is in no layer, in the last one.
int fragment_of(std::string_view name, int fragments);

// The fragment that is sent after this many steps, if one is; it is mixed in overlap_steps later.
std::optional<int> sent_after(const IslandsConfig& config, std::int64_t steps_done);

// What a rank holds of a fragment, one piece after the other: the parts of trained parameters that
// it owns, and the biases of gates, which every rank holds.
struct FragmentPiece {
  ParamId id = -1;         // -1: of a gate, whose values the outer optimizer leaves as agreed on
  std::string name;        // of the parameter or the gate's state
  bool counted = true;     // in distances: no other rank of the island has it as well
  Tensor values;           // f32, flat, where training has them
  std::int64_t begin = 0;  // of the fragment's elements, a multiple of payload_block
};

struct Fragment {
  std::vector<FragmentPiece> pieces;
  std::int64_t size = 0;  // elements, the padding of pieces included

  // The elements that rank `index` of `count` peers combines: whole payload blocks.
  ElementRange part(int index, int count) const;
  std::vector<std::int64_t> part_sizes(int count) const;
};

// The same on every rank at one place of its island. The model keeps the tensors; gates: its
// gate_state().
std::vector<Fragment> fragments_of(const Params& params,
                                   const std::vector<std::pair<std::string, Tensor>>& gates,
                                   int fragments);

}  // namespace switchyard
