// exchange = "auto": the strategy that was fastest when tried on this layout.
#pragma once

#include "router/exchange/exchange.h"

namespace switchyard {

// Collective. One of exchange_kinds.
std::unique_ptr<Exchange> make_exchange_of(ExchangeKind kind, const RouterConfig& config,
                                           const ExchangeShape& shape, Comm& experts);

// Collective. Tries the strategies that can differ on this layout: dispatch and combine of a
// balanced micro-batch, a few times each, timed by the slowest rank. Rank 0 decides. The pipelined
// exchange is not tried: what it wins depends on the experts' work.
ChosenExchange measure_exchanges(const RouterConfig& config, const ExchangeShape& shape,
                                 Comm& experts, Stream& stream);

}  // namespace switchyard
