#include "launch/bench/recorded/trace_lines.h"

#include <nlohmann/json.hpp>

#include <fstream>
#include <limits>
#include <map>

#include "runtime/error.h"

namespace switchyard::bench {
namespace {

using Json = nlohmann::json;

class TraceLines {
 public:
  explicit TraceLines(const std::filesystem::path& path) : path_(path) {}

  TraceChoices read() {
    std::ifstream file(path_);
    require(file.good(), Exit::data, "{} cannot be read", path_.string());
    for (std::string line; std::getline(file, line);) {
      ++line_;
      if (line.find_first_not_of(" \t\r") == line.npos) continue;
      const Json value = Json::parse(line, nullptr, false);
      require_here(value.is_object(), "is not a JSON object");
      take(value);
    }
    require(file.eof(), Exit::data, "{} cannot be read to its end", path_.string());
    TraceChoices choices{static_cast<int>(top_k_), {}};
    for (auto& [layer, experts] : layers_) choices.layers.push_back(std::move(experts));
    return choices;
  }

 private:
  void require_here(bool condition, const std::string& problem) const {
    require(condition, Exit::data, "{}: line {} {}", path_.string(), line_, problem);
  }

  void take(const Json& line) {
    const Json& experts = experts_of(line);
    const int depth = depth_of(experts);
    if (line.contains("layer")) {
      const Json& layer = line.at("layer");
      require_here(layer.is_number_unsigned(), "has a layer that is not a number from 0");
      require_here(depth == 1 || depth == 2,
                   "has a layer, so its experts must be [tokens, k] or [k]");
      std::vector<std::int32_t>& to = layers_[layer.get<std::uint64_t>()];
      if (depth == 1) return take_token(experts, to);
      for (const Json& token : experts) take_token(token, to);
    } else {
      require_here(depth == 2 || depth == 3,
                   "has no layer, so its experts must be [tokens, layers, k] or [layers, k]");
      if (depth == 2) return take_layers(experts);
      for (const Json& token : experts) take_layers(token);
    }
  }

  const Json& experts_of(const Json& line) const {
    for (const char* name : {"experts", "routed_experts", "topk_ids"})
      if (line.contains(name)) return line.at(name);
    fail(Exit::data, "{}: line {} has no experts, routed_experts or topk_ids", path_.string(),
         line_);
  }

  static int depth_of(const Json& value) {
    int depth = 0;
    const Json* inner = &value;
    for (; inner->is_array() && !inner->empty(); inner = &inner->front()) ++depth;
    return depth + (inner->is_array() ? 1 : 0);
  }

  void take_layers(const Json& token) {
    require_here(token.is_array(), "mixes arrays of several depths");
    for (std::size_t layer = 0; layer < token.size(); ++layer)
      take_token(token[layer], layers_[layer]);
  }

  void take_token(const Json& choices, std::vector<std::int32_t>& to) {
    require_here(choices.is_array() && !choices.empty(), "mixes arrays of several depths");
    if (top_k_ == 0) top_k_ = choices.size();
    require_here(choices.size() == top_k_, "chooses " + std::to_string(choices.size()) +
                                               " experts for a token, and the lines before " +
                                               std::to_string(top_k_));
    for (const Json& expert : choices) {
      require_here(expert.is_number_integer(), "has an expert that is not an integer");
      const auto number = expert.get<std::int64_t>();
      require_here(number >= std::numeric_limits<std::int32_t>::min() &&
                       number <= std::numeric_limits<std::int32_t>::max(),
                   "has an expert beyond 32 bits");
      to.push_back(static_cast<std::int32_t>(number));
    }
  }

  std::filesystem::path path_;
  std::int64_t line_ = 0;
  std::size_t top_k_ = 0;
  std::map<std::uint64_t, std::vector<std::int32_t>> layers_;
};

}  // namespace

TraceChoices read_trace_lines(const std::filesystem::path& path) { return TraceLines(path).read(); }

}  // namespace switchyard::bench
