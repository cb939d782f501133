#include "io/prepare/input/tally.h"

#include <algorithm>
#include <utility>

namespace switchyard::prepare {
namespace {

using nlohmann::json;

constexpr const char* examples_key = "examples";

void keep_first_examples(json& list) {
  std::sort(list.begin(), list.end(), [](const json& a, const json& b) {
    return std::pair(a.at("hash"), a.dump()) < std::pair(b.at("hash"), b.dump());
  });
  if (list.size() > num_examples) list.erase(list.begin() + num_examples, list.end());
}

void add_lists(json& sum, const json& more) {
  for (std::size_t i = 0; i < more.size(); ++i) {
    if (i < sum.size()) {
      add_tally(sum[i], more[i]);
    } else {
      sum.push_back(more[i]);
    }
  }
}

}  // namespace

void add_tally(json& sum, const json& more) {
  if (sum.is_null()) {
    sum = more;
  } else if (more.is_object()) {
    for (const auto& [key, value] : more.items()) {
      if (key != examples_key) {
        add_tally(sum[key], value);
        continue;
      }
      json& list = sum[key];
      for (const json& example : value) list.push_back(example);
      keep_first_examples(list);
    }
  } else if (more.is_array()) {
    add_lists(sum, more);
  } else if (more.is_number_integer()) {
    sum = sum.get<std::int64_t>() + more.get<std::int64_t>();
  }
}

void count_up(json& tally, const char* what, std::int64_t amount) {
  json& count = tally[what];
  count = (count.is_null() ? 0 : count.get<std::int64_t>()) + amount;
}

void add_example(json& tally, const ContentHash& hash, json example) {
  example["hash"] = hash.hex();
  json& list = tally[examples_key];
  if (list.size() == num_examples && list.back().at("hash") < example["hash"]) return;
  list.push_back(std::move(example));
  keep_first_examples(list);
}

}  // namespace switchyard::prepare
