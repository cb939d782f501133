#include "launch/verify/transformers/comparison.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "io/files/durable.h"
#include "runtime/error.h"

namespace switchyard {
namespace {

constexpr std::int64_t most_bytes = std::int64_t{1} << 26;

double number_of(const nlohmann::json& value) {  // NaN is no JSON for some readers
  return value.is_number() ? value.get<double>() : std::numeric_limits<double>::quiet_NaN();
}

}  // namespace

TransformersResult read_result(const std::filesystem::path& file) {
  try {
    const auto json = nlohmann::json::parse(durable::read_file(file, most_bytes));
    TransformersResult result{number_of(json.at("loss")),
                              json.at("model"),
                              json.at("transformers"),
                              json.at("torch"),
                              {}};
    for (const auto& tensor : json.at("tensors"))
      result.tensors.push_back({tensor.at("tensor"), tensor.at("beyond"),
                                number_of(tensor.at("median")), number_of(tensor.at("most"))});
    return result;
  } catch (const std::exception& problem) {
    fail(Exit::internal, "transformers ran, but left no result: {}", problem.what());
  }
}

std::optional<ComparedTensor> first_parted(const TransformersResult& result, std::int64_t tokens) {
  const auto found =
      std::find_if(result.tensors.begin(), result.tensors.end(),
                   [&](const ComparedTensor& tensor) { return 100 * tensor.beyond > tokens; });
  return found == result.tensors.end() ? std::nullopt : std::optional(*found);
}

std::string place_in_words(const std::string& tensor) {
  const std::size_t dot = tensor.find('.');
  if (dot == std::string::npos) return "the " + tensor;
  const std::string layer = tensor.substr(0, dot);
  return layer + (tensor.substr(dot) == ".attention" ? ", in its attention" : ", in its FFN");
}

}  // namespace switchyard
