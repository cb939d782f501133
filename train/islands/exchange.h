// FragmentExchange: one exchange of a fragment between islands, on its way. It computes the new
// anchor of the fragment from what all islands have.
#pragma once

#include <cstdint>
#include <future>
#include <span>
#include <vector>

#include "runtime/comm/comm.h"
#include "runtime/exact_sum.h"
#include "train/config.h"
#include "train/islands/fragments.h"

namespace switchyard {

// What the exchange of a fragment found out, of the elements that this rank combined.
struct FragmentFigures {
  std::vector<WideSum> distances;        // by island: squares of its distance from the opinion
  WideSum moved{};                       // squares of the anchor's change
  std::vector<std::int64_t> not_finite;  // by island: elements that were left out
  std::int64_t bytes = 0;                // that this rank sent to other islands
};

class FragmentExchange {
 public:
  // Collective over peers, the ranks at one place of every island; there is one exchange of them at
  // a time. Rank j combines part j of the fragment: `local` are the values of this island, and
  // `anchor` what all islands started from, which becomes what they agree on; `velocity` are the
  // outer optimizer's, of this rank's part. The caller keeps all three untouched until finish().
  FragmentExchange(const IslandsConfig& config, const Fragment& fragment, std::vector<float> local,
                   std::span<float> anchor, std::span<float> velocity, Comm& peers);

  // Waits.
  FragmentFigures finish() { return done_.get(); }

 private:
  FragmentFigures run(std::vector<float> local);
  // Waits for the payload blocks that every peer sends to every other.
  void exchange(std::span<std::byte> in, std::span<const std::int64_t> send,
                std::span<std::byte> out, std::span<const std::int64_t> receive);
  void take(std::span<const std::byte> agreed);
  std::vector<std::byte> combine(std::span<const std::byte> arrived, FragmentFigures& figures);
  // combined: payload_block elements from `first` of the fragment on.
  void combine_block(std::span<const double> of_islands, std::int64_t first, bool gate,
                     std::span<float> combined);
  void measure_block(std::span<const double> of_islands, std::int64_t first,
                     std::span<const float> combined, FragmentFigures& figures) const;

  IslandsConfig config_;
  const Fragment& fragment_;
  std::span<float> anchor_, velocity_;
  std::vector<const FragmentPiece*> piece_of_;  // by payload block
  std::vector<double> opinion_;                 // of the block that is being combined
  Comm& peers_;
  std::future<FragmentFigures> done_;
};

}  // namespace switchyard
