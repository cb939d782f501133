// ExchangeOracle: what an exchange must do, in plain loops over the routing of all ranks. It knows
// neither plans nor messages, and counts the rows that an exchange got wrong, bit by bit.
#pragma once

#include <cstdint>
#include <vector>

#include "router/exchange/exchange.h"
#include "router/exchange/workload.h"
#include "router/payload.h"

namespace switchyard {

class ExchangeOracle {
 public:
  // routing: of every rank of the expert group; rank: this rank.
  ExchangeOracle(std::vector<DrawnRouting> routing, const Placement& placement, Payload payload,
                 std::int64_t hidden, int rank);

  const DrawnRouting& mine() const { return routing_[static_cast<std::size_t>(rank_)]; }
  // Fills x [T, hidden] with this rank's tokens.
  void fill(Tensor x) const;
  // Instead of experts: every row times 1 + its expert.
  void work(const Chunk& chunk, Tensor rows, Tensor results) const;
  // After a dispatch: counts the rows of this rank's experts, padding to whole tiles included,
  // whose bits are wrong. weighted: the routing's weights were given.
  std::int64_t wrong_rows(Tensor rows, bool weighted, std::int64_t tile = 1) const;
  // The same after a combine of what work() computed.
  std::int64_t wrong_slots(Tensor slots, bool weighted) const;

 private:
  // The row as it arrives: packed, unpacked and weighted.
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
