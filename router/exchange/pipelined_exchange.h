// The pipelined exchange: experts in chunks, so that one chunk's experts compute while the rows of
// the next chunk arrive and the results of the previous one leave.
#pragma once

#include "router/exchange/async_all_to_all.h"
#include "router/exchange/flat_exchange.h"

namespace switchyard {

class PipelinedExchange final : public Exchange {
 public:
  // Collective. num_chunks: the maximum; no plan has more chunks than its fullest rank has experts.
  PipelinedExchange(Payload payload, int num_chunks, Device device, Comm& experts);

  std::string name() const override { return "pipelined"; }
  // Called alone, with nothing to overlap, these are the flat exchange.
  void dispatch(Tensor x, Tensor weight, const PreparedPlan& prepared, Tensor rows, Arena& arena,
                Stream& stream) override;
  void combine(Tensor rows, const PreparedPlan& prepared, Tensor slots, Arena& arena,
               Stream& stream) override;
  void round_trip(const RoundTrip& trip, const PreparedPlan& prepared, const ExpertWork& work,
                  Arena& arena, Stream& stream) override;

 private:
  struct Transfer {  // one chunk's rows in one direction
    PackedRows packed;
    Arrival wait_for;
  };
  Transfer start(const PackedRows& packed, Stream& stream);

  Payload payload_;
  Comm& experts_;
  int num_chunks_;
  FlatExchange flat_;
  std::unique_ptr<AsyncAllToAll> all_to_all_;
};

}  // namespace switchyard
