// The flat exchange: one exact all-to-all. Every row for another rank travels once, without
// padding.
#pragma once

#include "router/exchange/exchange.h"
#include "router/payload.h"

namespace switchyard {

class FlatExchange final : public Exchange {
 public:
  FlatExchange(Payload payload, Comm& experts) : payload_(payload), experts_(experts) {}

  std::string name() const override { return "flat"; }
  void dispatch(Tensor x, Tensor weight, const PreparedPlan& prepared, Tensor rows, Arena& arena,
                Stream& stream) override;
  void combine(Tensor rows, const PreparedPlan& prepared, Tensor slots, Arena& arena,
               Stream& stream) override;

 private:
  Payload payload_;
  Comm& experts_;
};

}  // namespace switchyard
