// ExchangeOracle: what an exchange must do, in plain loops over the routing of all ranks. It knows
// neither plans nor messages, and counts the rows that an exchange got wrong, bit by bit.
#pragma once

#include <cstdint>
#include <vector>

#include "router/exchange/exchange.h"
#include "router/exchange/workload.h"

namespace switchyard {

class ExchangeOracle {
 public:
  // routing: of every rank of the expert group; rank: mine.
  ExchangeOracle(std::vector<DrawnRouting> routing, const Placement& placement, Payload payload,
                 std::int64_t hidden, int rank);

  const DrawnRouting& mine() const { return routing_[static_cast<std::size_t>(rank_)]; }
  // My tokens. x: [T, hidden].
  void fill(Tensor x) const;
  // In place of experts: every row times 1 + its expert.
  void work(const Chunk& chunk, Tensor rows, Tensor results) const;
  // After a dispatch: rows of my experts that are not the right bits, padding to whole tiles among
  // them. weighted: the routing's weights were given.
  std::int64_t wrong_rows(Tensor rows, bool weighted, std::int64_t tile = 1) const;
  // After a combine of what work() made of it.
  std::int64_t wrong_slots(Tensor slots, bool weighted) const;
  // After Exchange::combine_sums of it: tokens whose sum is off by more than rounding. weighted:
  // the routing's weights were given to the sum, and not to the dispatch.
  std::int64_t wrong_sums(Tensor sums, bool weighted) const;

 private:
  // What arrives of a row: packed, unpacked and weighted.
  std::vector<float> arrived(std::vector<float> row, float weight) const;
  std::vector<float> token_row(int rank, std::int64_t token) const;
  template <class Body>
  void for_choices_of(int rank, int expert, Body body) const;

  std::vector<DrawnRouting> routing_;
  Placement placement_;
  Payload payload_;
  std::int64_t hidden_;
  int rank_;
};

}  // namespace switchyard
