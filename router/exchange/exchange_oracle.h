// ExchangeOracle: what an exchange must do, in plain loops over the routing of all ranks. It knows
// neither plans nor messages, rounds payloads by its own arithmetic, and counts the rows that an
// exchange got wrong, bit by bit.
#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "router/exchange/exchange.h"
#include "router/exchange/workload.h"
#include "router/payload.h"

namespace switchyard {

class ExchangeOracle {
 public:
  // draw(r): the routing of rank r of the expert group, called once for each; rank: this rank.
  // Keeps this rank's routing, and of the others the choices whose experts are here.
  ExchangeOracle(const std::function<DrawnRouting(int rank)>& draw, Placement placement,
                 Payload payload, std::int64_t hidden, int rank);

  const DrawnRouting& mine() const { return mine_; }
  // Fills x [T, hidden] with this rank's tokens.
  void fill(Tensor x) const;
  // Instead of experts: every row times 1 + its expert.
  void work(const Chunk& chunk, Tensor rows, Tensor results) const;
  // Fills results with what work() makes of the rows that an unweighted dispatch must bring.
  void fill_results(Tensor results, std::int64_t tile = 1) const;
  // After a dispatch: counts the rows of this rank's experts, padding to whole tiles included,
  // whose bits are wrong. weighted: the routing's weights were given.
  std::int64_t wrong_rows(Tensor rows, bool weighted, std::int64_t tile = 1) const;
  // The same after a combine of what work() computed.
  std::int64_t wrong_slots(Tensor slots, bool weighted) const;

 private:
  struct Choice {
    std::int64_t token;
    float weight;
  };
  using Row = std::vector<float>;

  void token_row(int rank, std::int64_t token, Row& row) const;
  // Makes `row` what arrives of it: rounded as its payload says, then weighted.
  void arrive(Row& row, float weight) const;
  // body(row): the row's values, or zeros where it is padding, in the order of the shard's rows.
  template <class Body>
  std::int64_t for_rows(bool weighted, bool worked, std::int64_t tile, Body body) const;

  DrawnRouting mine_;
  Placement placement_;
  Payload payload_;
  std::int64_t hidden_;
  int rank_;
  // [hosted experts, source ranks]: the choices that this rank's copy of an expert serves.
  std::vector<std::vector<Choice>> arriving_;
};

}  // namespace switchyard
