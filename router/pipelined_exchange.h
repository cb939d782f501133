// The pipelined exchange: experts in chunks, so that one chunk's experts compute while the next
// one's rows arrive and the last one's results leave. A background thread moves the rows.
#pragma once

#include <atomic>
#include <future>

#include "router/flat_exchange.h"
#include "router/parcel.h"
#include "runtime/background.h"

namespace switchyard {

class PipelinedExchange final : public Exchange {
 public:
  // Collective. num_chunks: at most; never more than the experts of the fullest rank.
  PipelinedExchange(Payload payload, int num_chunks, Comm& experts);
  ~PipelinedExchange() override;

  std::string name() const override { return "pipelined"; }
  // Alone, with nothing to overlap, these are the flat exchange.
  void dispatch(Tensor x, Tensor weight, const Plan& plan, Tensor rows, Arena& arena,
                Stream& stream) override;
  void combine(Tensor rows, const Plan& plan, Tensor slots, Arena& arena, Stream& stream) override;
  void round_trip(Tensor x, Tensor weight, const Plan& plan, Tensor rows, const ExpertWork& work,
                  Tensor results, Tensor slots, Arena& arena, Stream& stream) override;

 private:
  struct Leg {  // one chunk's rows in one direction
    Parcel parcel;
    std::future<void> arrived;
  };
  std::future<void> send(const Parcel& parcel);

  Payload payload_;
  Comm& experts_;
  int num_chunks_;
  FlatExchange flat_;
  std::unique_ptr<Comm> travel_;  // the background thread's own
  std::atomic<bool> abandoned_ = false;
  Background background_;  // goes first: its jobs use the rest
};

}  // namespace switchyard
