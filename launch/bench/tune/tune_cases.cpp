#include "launch/bench/tune/tune_cases.h"

#include <algorithm>

namespace switchyard::bench {
namespace {

struct Size {
  const char* workload;
  Payload payload;
  std::int64_t tokens, hidden;
  bool held_out;
};

constexpr Size sizes[] = {
    {"balanced", Payload::f32, 16, 16, false},     {"balanced", Payload::f32, 64, 64, false},
    {"balanced", Payload::f32, 256, 256, false},   {"balanced", Payload::f32, 1024, 256, false},
    {"balanced", Payload::f32, 1024, 512, false},  {"balanced", Payload::f32, 2048, 1024, false},
    {"hot_rank", Payload::f32, 256, 512, false},   {"hot_rank", Payload::f32, 1024, 512, false},
    {"hot_node", Payload::f32, 1024, 256, false},  {"balanced", Payload::bf16, 256, 512, false},
    {"balanced", Payload::bf16, 2048, 512, false}, {"balanced", Payload::int8, 256, 512, false},
    {"balanced", Payload::int8, 2048, 512, false}, {"balanced", Payload::f32, 128, 128, true},
    {"balanced", Payload::f32, 512, 256, true},    {"balanced", Payload::f32, 512, 512, true},
    {"balanced", Payload::f32, 1536, 768, true},   {"zipf", Payload::f32, 1024, 512, true},
    {"hot_rank", Payload::f32, 768, 512, true},    {"balanced", Payload::bf16, 1024, 512, true},
    {"balanced", Payload::int8, 1024, 512, true}};

}  // namespace

std::vector<TuneCase> tune_cases(const std::vector<std::string>& exchanges, int top_k, int experts,
                                 int shrink) {
  std::vector<TuneCase> cases;
  for (const Size& size : sizes) {
    for (const std::string& exchange : exchanges) {
      const std::int64_t tokens =
          size.tokens <= 64 ? size.tokens : std::max<std::int64_t>(16, size.tokens / shrink);
      cases.push_back({{size.workload, "round_trip", exchange, size.payload, tokens, size.hidden,
                        top_k, experts},
                       size.held_out});
    }
  }
  return cases;
}

}  // namespace switchyard::bench
