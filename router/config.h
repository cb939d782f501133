// How tokens are routed: one aggregate with defaults, filled from the [router] table of the config.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/names.h"

namespace switchyard {

// How tokens and experts are matched. The two softmax gates differ in the order of their parts.
enum class GateKind : std::uint8_t {
  softmax_topk,
  topk_softmax,
  sigmoid,
  noisy_topk,
  expert_choice,
  hash
};
template <>
inline constexpr std::array<std::string_view, 6> names_of<GateKind> = {
    "softmax_topk", "topk_softmax", "sigmoid", "noisy_topk", "expert_choice", "hash"};

// The strategies of an exchange; automatic: the one that is fastest when measured.
enum class ExchangeKind : std::uint8_t { flat, shared_memory, hierarchical, pipelined, automatic };
template <>
inline constexpr std::array<std::string_view, 5> names_of<ExchangeKind> = {
    "flat", "shared_memory", "hierarchical", "pipelined", "auto"};

// The form in which rows travel (router/payload.h).
enum class Payload : std::uint8_t {
  f32,
  bf16,  // round to nearest even
  int8   // a scale per row, largest magnitude / 127; round to nearest even
};
template <>
inline constexpr std::array<std::string_view, 3> names_of<Payload> = {"f32", "bf16", "int8"};

// The tokens over which the balance loss balances experts.
enum class BalanceOver : std::uint8_t { sequence, micro_batch, global_batch };
template <>
inline constexpr std::array<std::string_view, 3> names_of<BalanceOver> = {"sequence", "micro_batch",
                                                                          "global_batch"};

// The choices that a full expert drops: those of the smallest weight, or of the last tokens.
enum class DropBy : std::uint8_t { probability, position };
template <>
inline constexpr std::array<std::string_view, 2> names_of<DropBy> = {"probability", "position"};

// How the bias of an expert follows its load, after each step (router/gate/balance.h).
enum class BiasUpdate : std::uint8_t { sign, centered_sign, proportional, quantile };
template <>
inline constexpr std::array<std::string_view, 4> names_of<BiasUpdate> = {
    "sign", "centered_sign", "proportional", "quantile"};

// What training takes instead of the gates' choices, to measure speed (router/exchange/workload.h).
enum class ForcedRouting : std::uint8_t { off, balanced, zipf, hot_expert, rotating };
template <>
inline constexpr std::array<std::string_view, 5> names_of<ForcedRouting> = {
    "off", "balanced", "zipf", "hot_expert", "rotating"};

// When experts get guest copies for one micro-batch (router/plan/step_balancer.h): when measured
// costs say that it pays, or whenever the busiest rank gets fewer rows.
enum class StepBalance : std::uint8_t { off, automatic, always };
template <>
inline constexpr std::array<std::string_view, 3> names_of<StepBalance> = {"off", "auto", "always"};

// The exchange that "auto" takes without measuring, and the line of the log that says why.
struct PredictedExchange {
  ExchangeKind kind = ExchangeKind::flat;
  std::string why;
};

using NamedSets = std::map<std::string, std::vector<std::int64_t>>;

// docs/train.md says which keys a gate uses and which papers they come from.
struct RouterConfig {
  GateKind gate = GateKind::softmax_topk;
  int top_k = 2;           // experts per token; with expert_choice, on average
  float scale = 1.0F;      // factor on every weight (DeepSeek-V3, arXiv:2412.19437)
  bool normalize = true;   // sigmoid: a token's weights add up to scale
  float bias_rate = 0.0F;  // sigmoid: step of the balancing bias (arXiv:2408.15664); 0: off
  BiasUpdate bias_update = BiasUpdate::sign;
  float jitter = 0.0F;        // in training the gate reads x times 1 +- jitter (arXiv:2101.03961)
  int groups = 1;             // of consecutive experts, of sizes as even as possible
  NamedSets group_experts{};  // the groups by name; empty: consecutive ones
  int groups_per_token = 1;
  float balance_loss =
      0.01F;  // coefficient of the balance loss (Switch Transformer, arXiv:2101.03961); 0: off
  BalanceOver balance_over = BalanceOver::micro_batch;
  ExchangeKind exchange = ExchangeKind::flat;
  std::string cluster = "";  // a site's description, by which "auto" chooses; "": it measures
  std::optional<PredictedExchange> predicted{};  // of `cluster`; no key
  Payload payload = Payload::f32;
  int exchange_chunks = 4;  // of the pipelined exchange
  int ranks_per_node = 0;   // treats nodes as having this many; 0: the real number
  int extra_copies = 0;     // further slots of an expert group, per layer, for replicas of experts
  StepBalance balance_step = StepBalance::off;
  int guest_slots = 2;    // of each rank, for balance_step; all layers share them
  float z_loss = 0.001F;  // coefficient of the router z-loss (ST-MoE, arXiv:2202.08906); 0: off
  double capacity_factor = 0.0;  // in training, in even shares of a micro-batch; 0: dropless
  DropBy drop = DropBy::probability;
  bool allow_future_tokens = false;  // expert_choice may route a token by later ones
  ForcedRouting force = ForcedRouting::off;
  std::string record = "";  // folder to record choices in; "": none
  std::string replay = "";  // folder of recorded choices to repeat; "": none
};

// Errors: Exit::usage, naming the keys that do not fit together.
void check_router(const RouterConfig& config, int num_experts);

}  // namespace switchyard
