// Makes one exchange strategy by its kind.
#pragma once

#include <array>
#include <memory>

#include "router/config.h"
#include "router/exchange/exchange.h"

namespace switchyard {

// What the exchanges of a model need to know.
struct ExchangeShape {
  std::int64_t hidden;
  int num_experts;
  std::int64_t tokens;  // of a micro-batch: what "auto" measures
  Device device{};      // of the rows
};

// Every strategy.
inline constexpr std::array<ExchangeKind, 4> exchange_kinds = {
    ExchangeKind::flat, ExchangeKind::shared_memory, ExchangeKind::hierarchical,
    ExchangeKind::pipelined};

// kind: one of exchange_kinds. Collective over `experts`, the expert group, which must outlive the
// exchange. Errors: Exit::usage for a strategy that shape.device cannot run.
std::unique_ptr<Exchange> make_exchange_of(ExchangeKind kind, const RouterConfig& config,
                                           const ExchangeShape& shape, Comm& experts);

}  // namespace switchyard
