// The pipelined exchange: experts in chunks, so that one chunk's experts compute while the next
// one's rows arrive and the last one's results leave.
#pragma once

#include "router/exchange/courier.h"
#include "router/exchange/flat_exchange.h"

namespace switchyard {

class PipelinedExchange final : public Exchange {
 public:
  // Collective. num_chunks: at most; never more than the experts of the fullest rank.
  PipelinedExchange(Payload payload, int num_chunks, Device device, Comm& experts);

  std::string name() const override { return "pipelined"; }
  // Alone, with nothing to overlap, these are the flat exchange.
  void dispatch(Tensor x, Tensor weight, const PreparedPlan& prepared, Tensor rows, Arena& arena,
                Stream& stream) override;
  void combine(Tensor rows, const PreparedPlan& prepared, Tensor slots, Arena& arena,
               Stream& stream) override;
  void round_trip(const RoundTrip& trip, const PreparedPlan& prepared, const ExpertWork& work,
                  Arena& arena, Stream& stream) override;

 private:
  struct Leg {  // one chunk's rows in one direction
    Parcel parcel;
    Arrival wait_for;
  };
  Leg send(const Parcel& parcel, Stream& stream);

  Payload payload_;
  Comm& experts_;
  int num_chunks_;
  FlatExchange flat_;
  std::unique_ptr<Courier> courier_;
};

}  // namespace switchyard
