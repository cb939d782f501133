// The exchange of a configuration: the strategy that router.exchange names, or for "auto" the one
// that was fastest when tried on this layout.
#pragma once

#include "router/exchange/factory.h"

namespace switchyard {

struct ChosenExchange {
  std::unique_ptr<Exchange> exchange;
  std::string why;  // one line for the log
};

// Collective over `experts`, which must outlive the exchange. "auto" times a few dispatches and
// combines of a balanced micro-batch with each strategy that can differ on this layout; rank 0
// decides for all ranks. With config.predicted it takes that one. The pipelined exchange is not
// tried: its gain depends on the experts' work. Errors: see make_exchange_of.
ChosenExchange make_exchange(const RouterConfig& config, const ExchangeShape& shape, Comm& experts,
                             Stream& stream);

}  // namespace switchyard
