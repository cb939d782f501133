// Makes one exchange strategy by its name.
#pragma once

#include <memory>
#include <string>
#include <vector>

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

// The names that make_named_exchange knows; "auto" is not one.
const std::vector<std::string>& exchange_names();

// Collective over `experts`, the expert group, which must outlive the exchange. Errors:
// Exit::usage for an unknown name, or a strategy that shape.device cannot run.
std::unique_ptr<Exchange> make_named_exchange(const std::string& name, const RouterConfig& config,
                                              const ExchangeShape& shape, Comm& experts);

}  // namespace switchyard
